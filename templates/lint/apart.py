"""Checking a form in a process of its own, with an end to its time and memory.

``python -m templates.lint.apart`` reads one form from standard input and writes its remarks to standard output. Danger:
a form is a program of somebody else's; to compile and to try it is to run it. Invariant: whoever asks gets remarks or a
FormError, in bounded time, whatever the form does; what comes back is JSON and never runs anything.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

from rules.vocabulary import Family, Language, Severity
from templates import limits, process, wire
from templates.errors import FormCode, FormError, Place
from templates.form import Form, form_of_one
from templates.lint.remark import Check, Remark

CPU_SECONDS = 20
WALL_SECONDS = 40.0
MEMORY = 1 << 30
"""Bytes one check may take beside what Python itself has."""
_PROJECT = Path(__file__).resolve().parents[2]


def check_apart(
    docx: bytes, *, form: Form | None = None, family: Family | None = None, language: Language | None = None
) -> tuple[Remark, ...]:
    """Every remark about `docx` (see `templates.lint.check`), held against `form`, or a family, or neither.

    Raises FormError when the file cannot be read, or when looking at it takes more than a form may take.
    """
    head: dict[str, object] = {"family": family or "", "language": language or ""}
    if form is not None:
        head["form_id"] = form.id
    answer = _asked(wire.packed(head, (docx, form.manifest if form else b"")))
    error = answer.head.get("error")
    if isinstance(error, Mapping):
        raise FormError.from_message(error)
    return tuple(_remark(one) for one in json.loads(answer.blobs[0]))


def _asked(request: bytes) -> wire.Message:
    path = os.pathsep.join(filter(None, (str(_PROJECT), os.environ.get("PYTHONPATH"))))
    with subprocess.Popen(
        [sys.executable, "-m", "templates.lint.apart"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "PYTHONPATH": path},
    ) as looking:
        try:
            told, _ = looking.communicate(request, timeout=WALL_SECONDS)
        except subprocess.TimeoutExpired:
            raise _ended() from None
        finally:
            looking.kill()
    try:
        return wire.unpacked(told)
    except wire.WireError:
        raise _ended() from None


def _ended() -> FormError:
    return FormError(
        FormCode.FILL_TIMEOUT,
        "Checking this form took more time or memory than a form may take.",
        "Look for loops inside of loops, and for texts that are made longer and longer.",
    )


def _remark(told: Mapping[str, object]) -> Remark:
    place = told["place"]
    assert isinstance(place, Mapping)  # noqa: S101 - our own process wrote it
    return Remark(
        check=Check(str(told["check"])),
        severity=Severity(str(told["severity"])),
        place=Place(part=str(place["part"]), paragraph=place["paragraph"], words=str(place["words"])),
        sentence=str(told["sentence"]),
        remedy=str(told["remedy"]),
        authority=str(told["authority"]),
    )


def main() -> int:
    """Look at the one form that standard input holds."""
    process.leave_the_network()
    process.seclude()
    from templates.lint.check import Meant, check

    stream = wire.PipeStream(sys.stdin.buffer, sys.stdout.buffer)
    message = wire.receive(stream)
    docx, manifest = message.blobs
    family, language = str(message.head["family"]), str(message.head["language"])
    process.limit(memory=MEMORY, cpu_seconds=CPU_SECONDS, file_size=0)
    try:
        meant = Meant(
            form=form_of_one(str(message.head["form_id"]), manifest, docx) if manifest else None,
            family=Family(family) if family else None,
            language=Language(language) if language else None,
        )
        remarks = check(docx, meant)
    except FormError as error:
        wire.answer(stream, {"error": error.as_message()})
    except MemoryError:
        wire.answer(stream, {"error": limits.too_much_memory().as_message()})
    else:
        wire.answer(stream, {}, (json.dumps([asdict(one) for one in remarks]).encode(),))
    return 0


if __name__ == "__main__":
    sys.exit(main())
