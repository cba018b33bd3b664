"""A schedule: its rules as frozen values.

`rules.retention.reading` makes one from YAML and tells every problem at once; `rules.retention.decision` asks it.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field

from rules.retention.days import FiscalYear, Period
from rules.retention.words import Combine, Cutoff, Disposition, EventKind
from rules.vocabulary import Family, ProgramClass, StatementState

OWN_CLASSES: tuple[str, ...] = (
    "disclosure_ledger",
    "declined",
    "void",
    "disposal_certificate",
    "disposal_manifest",
    "schedule_version",
    "audit_log",
)
"""Classes that no form names: the ledger, what was never signed, and the papers of disposal itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Selector:
    """What a rule is about; a field that is empty leaves it open."""

    classes: frozenset[str] = frozenset()
    """Retention classes, as the forms name them."""
    states: frozenset[StatementState] = frozenset()
    families: frozenset[Family] = frozenset()
    programs: frozenset[ProgramClass] = frozenset()
    """A unit that nobody classified is in each of them: the longest rule wins, so too many rules do no harm."""
    funders: frozenset[str] = frozenset()
    """The rule applies once for each matter of one of these funders that the record belongs to."""
    minor: bool | None = None
    """True: clients who were minors; a client of whom it is not known is both."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trigger:
    """One event and what is counted from it."""

    event: EventKind
    period: Period
    only_if: EventKind | None = None
    """Counts only when this happened: an audit that was never opened need not be closed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Authority:
    """What a rule rests on, and when somebody compared it with its source."""

    citation: str
    url: str = ""
    verified_on: dt.date | None = None
    """None: never, it is from memory or our own judgment."""
    needs_counsel: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One rule of the schedule."""

    code: str
    series: str
    selector: Selector
    keep: tuple[Trigger, ...]
    """What must be kept at least; empty with a rule that only says "not longer than", and with PERMANENT."""
    destroy_by: tuple[Trigger, ...] = ()
    """What may not be kept longer: of several the first to end."""
    combine: Combine = Combine.LATEST
    cutoff: Cutoff = Cutoff.NONE
    disposition: Disposition = Disposition.DESTROY
    authority: Authority
    jurisdiction: str
    """Whose law: "us", "us/ny", or "house" for the agency's own."""
    version: str
    effective_from: dt.date
    effective_to: dt.date | None = None
    """The last day it is in force; None: until it is replaced."""

    def in_force(self, day: dt.date) -> bool:
        """True on the days the rule applies."""
        return self.effective_from <= day and (self.effective_to is None or day <= self.effective_to)


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """Every rule that holds together, under one version."""

    version: str
    fiscal_year: FiscalYear
    rules: tuple[Rule, ...] = field(repr=False)

    def rule(self, code: str) -> Rule | None:
        """The rule of this code."""
        return next((rule for rule in self.rules if rule.code == code), None)
