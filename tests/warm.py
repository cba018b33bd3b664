"""Verbs of the terminal, run as a person runs them but for the start: four fifths of a verb is reading libraries.

A fork server reads the libraries once and nothing of ours; each verb is a child of it with the environment, directory
and streams it was given, and reads its settings, Django's and the program's own modules itself.
"""

from __future__ import annotations

import functools
import multiprocessing
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from multiprocessing.context import ForkServerContext
from pathlib import Path
from typing import NoReturn

_LIBRARIES = [
    "click",
    "rich.table",
    "rich.progress",
    "yaml",
    "pydantic",
    "lxml.etree",
    "PIL.Image",
    "pikepdf",
    "cryptography.x509",
    "pyhanko.sign.signers.pdf_signer",
    "pyhanko.sign.validation",
    "django.contrib.auth.hashers",
    "django.db.models",
    "django.http",
]
_STARTED_OTHERWISE = frozenset({"LD_PRELOAD", "PYTHONPATH"})
"""What works while a Python starts; whoever sets it wants a real start."""


def can_run(env: Mapping[str, str]) -> bool:
    """May a verb with this environment be a child of the fork server?"""
    return not _STARTED_OTHERWISE & env.keys()


def run(
    arguments: Sequence[str], *, env: Mapping[str, str], cwd: Path, stdin: str | None, timeout: float
) -> subprocess.CompletedProcess[str]:
    """As `subprocess.run` of `confide` with these arguments, its output captured as text."""
    with tempfile.TemporaryDirectory() as folder:
        streams = [Path(folder) / name for name in ("in", "out", "err")]
        streams[0].write_text(stdin or "", encoding="utf-8")
        verb = _fork_server().Process(target=_verb, args=(list(arguments), dict(env), str(cwd), streams))
        verb.start()
        verb.join(timeout)
        if verb.exitcode is None:
            verb.kill()
            raise subprocess.TimeoutExpired(["confide", *arguments], timeout)
        out, err = (path.read_text(encoding="utf-8") if path.exists() else "" for path in streams[1:])
        return subprocess.CompletedProcess(["confide", *arguments], verb.exitcode, out, err)


@functools.cache
def _fork_server() -> ForkServerContext:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(_LIBRARIES)
    return context


def _verb(arguments: list[str], env: dict[str, str], cwd: str, streams: list[Path]) -> NoReturn:
    os.environ.clear()
    os.environ.update(env)
    time.tzset()
    for number, path in enumerate(streams):
        descriptor = os.open(path, os.O_RDONLY if number == 0 else os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(descriptor, number)
        os.close(descriptor)
    os.chdir(cwd)
    sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115 - multiprocessing has closed it
    from cli.main import main

    main(arguments)
    sys.exit(0)
