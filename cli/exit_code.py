"""What a `confide` command's exit status means.

A script decides by these numbers, so a number never changes its meaning and a new meaning gets a new number.
"""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """Exit statuses of every verb."""

    OK = 0
    INTERNAL = 1
    """Confide itself failed; nothing was half done, the log says where."""
    USAGE = 2
    """The words of the call are wrong (click's own number)."""
    INPUT = 3
    """What was handed in cannot be read or is incomplete."""
    REFUSED = 4
    """The rules refuse it; every finding is printed with its authority."""
    NOT_FOUND = 5
    NOT_AUTHENTICATED = 6
    NOT_ALLOWED = 7
    """The person is known but does not hold the role, or has already acted on this item."""
    CONFLICT = 8
    """The thing is in another state than the verb needs, or somebody was quicker."""
    UNAVAILABLE = 9
    """Something that must run or answer does not: worker, renderer, store, time-stamp authority."""
    NOT_ACCEPTED = 10
    """`verify`: at least one file is not accepted."""
    FINDINGS = 11
    """`doctor`, `upkeep`, `keys check`, `forms check`: it ran to the end and found something a person must look at."""
    INTEGRITY = 12
    """Kept bytes are not what was kept."""
    INTERRUPTED = 130
