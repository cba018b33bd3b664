"""What the doctor and the trial of a store say: one line each, with what to do about it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """How grave a finding is."""

    OK = "ok"
    NOTE = "note"
    """To know or to plan for."""
    PROBLEM = "problem"
    """To be put right before anything is trusted."""


class Check(StrEnum):
    """What was looked at."""

    MODES = "modes"
    SAME_DISK = "same_disk"
    EPOCHS = "epochs"
    LOCK = "lock"
    SYNC = "sync"
    SPACE = "space"
    UNFINISHED = "unfinished"
    WAY = "way"
    """To a store elsewhere: https, its certificate, its clock."""
    VERSIONS = "versions"
    DIGEST = "digest"
    ENCRYPTION = "encryption"
    CONDITION = "condition"
    LIFECYCLE = "lifecycle"


OF_S3_ALONE = frozenset({Check.WAY, Check.VERSIONS, Check.DIGEST, Check.ENCRYPTION, Check.CONDITION, Check.LIFECYCLE})
"""What no directory is asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that was looked at, and how it stands."""

    check: Check
    level: Level
    sentence: str
    remedy: str = ""
