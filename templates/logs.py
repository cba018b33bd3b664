"""What a line of a log may hold, in every process that sees personal data or keys.

Danger: a library that logs the request it could not send, an exception whose text quotes the value it choked on: a
client's name stands in a file that is rotated, copied and read by whoever keeps the machine. Invariant: of a library
only who speaks, how bad it is and where in its code; of an exception only its kind. What this program says itself is
made of ids, codes and numbers, and stays as it is.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import PurePath
from types import TracebackType

OURS = frozenset({"confide", "cli", "flows", "register", "rules", "signing", "storage", "templates"})
"""Loggers whose words are our own, by the beginning of their names."""
_Raised = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None] | None
_make: Callable[..., logging.LogRecord] = logging.LogRecord


def keep_nothing_personal() -> None:
    """From now on every record of this process is made without a library's words and without an exception's.

    A filter would stand on one handler; libraries bring handlers of their own, and records are made in one place.
    """
    logging.setLogRecordFactory(_record)


def _record(
    name: str,
    level: int,
    path: str,
    line: int,
    words: object,
    values: object,
    raised: _Raised,
    function: str | None = None,
    _stack: str | None = None,
) -> logging.LogRecord:
    if name.partition(".")[0] not in OURS:
        words, values = f"{PurePath(path).name}:{line}", ()
    record = _make(name, level, path, line, words, values, None, function, None)
    if raised and raised[0] is not None:
        record.msg, record.args = f"{record.getMessage()}: {raised[0].__name__}", ()
    return record
