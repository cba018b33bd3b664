"""The way that always works: a LibreOffice of its own for one document.

Ten times slower than ``templates.renderer``, and needs nothing that runs. Danger: ``soffice`` says "all well" (status
0) and writes nothing when a document is damaged, two of them on one profile trip over each other, and what it starts
outlives it. Invariants: a profile and directory of its own, in memory; the file it should have written is looked at;
the whole process group is killed at the deadline, by ``timeout`` too, should this process be gone by then.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

from templates.errors import FormCode, FormError
from templates.lok import PDF_OPTIONS, program_directory
from templates.package import check_word_file
from templates.renderer import SOURCE_NAME, TARGET_NAME, office_environment, read_pdf
from templates.scratch import scratch

WALL_SECONDS = 60.0
DYING_SECONDS = 2.0


def render(docx: bytes, *, seconds: float = WALL_SECONDS) -> bytes:
    """The Word file ``docx`` as the PDF LibreOffice makes of it (2-5 s). Raises FormError."""
    check_word_file(docx)
    program = program_directory() / "soffice"
    with scratch("soffice") as room:
        source, out = room.path / SOURCE_NAME, room.path / "out"
        source.write_bytes(docx)
        command = [
            str(program),
            "--headless",
            "--norestore",
            "--nolockcheck",
            f"-env:UserInstallation={(room.path / 'profile').as_uri()}",
            "--convert-to",
            f"pdf:writer_pdf_Export:{PDF_OPTIONS}",
            "--outdir",
            str(out),
            str(source),
        ]
        _run(command, room.path, room.lock, seconds)
        return read_pdf(out / TARGET_NAME)


def _run(command: list[str], room: Path, lock: int, seconds: float) -> None:
    keeper = shutil.which("timeout")
    if keeper:
        command = [keeper, "--signal=KILL", str(int(seconds) + 5), *command]
    office = subprocess.Popen(
        command,
        env=office_environment(room),
        cwd=room,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        umask=0o077,
        pass_fds=(lock,),  # as long as LibreOffice lives, nobody sweeps its directory
    )
    try:
        office.wait(seconds)
    except subprocess.TimeoutExpired:
        raise FormError(
            FormCode.RENDER_TIMEOUT,
            f"LibreOffice did not finish the document within {seconds:.0f} seconds.",
            "Take out very large pictures and very long tables.",
        ) from None
    finally:
        _kill_group(office)


def _kill_group(office: subprocess.Popen[bytes]) -> None:
    """Nothing of the group stays, also of one that ended well: LibreOffice leaves helpers behind."""
    deadline = time.monotonic() + DYING_SECONDS
    while time.monotonic() < deadline:
        try:
            os.killpg(office.pid, signal.SIGKILL)
        except ProcessLookupError:
            break
        office.poll()
        time.sleep(0.01)  # a killed process still writes until the kernel has taken it down
    office.wait()
