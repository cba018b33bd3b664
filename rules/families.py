"""What each family of forms must have: about what, to whom, how it ends and is revoked, and which clauses it says.

Danger: a form of the right name that lacks its family's clauses makes every statement on it defective. Invariant: the
table (data/families.yaml) is the one place that says what a family needs; drafts (rules.statement), finished papers
(rules.finished) and the check before a form is published (V21) read it from here.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import cache

from rules.tables import table
from rules.vocabulary import Family, InformationCategory, OrganizationKind, PurposeCode


class Clause(StrEnum):
    """What a paper may have to say; recognized by the patterns of data/clauses.yaml."""

    REVOCATION_ANYTIME = "revocation_anytime"
    REVOCATION_IN_WRITING = "revocation_in_writing"
    REVOCATION_LIMITED = "revocation_limited"
    HIPAA_REDISCLOSURE = "hipaa_redisclosure"
    POTENTIAL_REDISCLOSURE = "potential_redisclosure"
    REFUSAL_CONSEQUENCES = "refusal_consequences"
    NOTHING_WITHHELD = "nothing_withheld"
    CONDITION_STATED = "condition_stated"
    CONSEQUENCES_OF_SIGNING = "consequences_of_signing"
    COPY_TO_CLIENT = "copy_to_client"
    OFFICIAL_DUTIES = "official_duties"
    ONE_PROCEEDING = "one_proceeding"
    BOTH_WAYS = "both_ways"
    ONE_TIME_ONLY = "one_time_only"
    BOTH_SIGN = "both_sign"
    LIMITS_OF_CONFIDENTIALITY = "limits_of_confidentiality"
    HARM_EXPLAINED_FIRST = "harm_explained_first"
    NOT_GUARANTEED = "not_guaranteed"
    KEEP_WHAT_OTHERS_SAY = "keep_what_others_say"
    SHARING_AMONG_PARTIES = "sharing_among_parties"
    RELIED_UPON_STANDS = "relied_upon_stands"
    PAPER_IS_FREE = "paper_is_free"
    MAY_CHANGE_TO_PAPER = "may_change_to_paper"
    WHAT_IS_NEEDED_TO_READ = "what_is_needed_to_read"
    STATE_NOTICE = "state_notice"

    @property
    def authority(self) -> str:
        """The law that wants it."""
        return str(table("clauses")["entries"][self.value]["authority"])


class Regime(StrEnum):
    """How a paper may be revoked."""

    ANYTIME = "anytime"
    """In writing at any time (2.31(a)(6), 164.508(b)(5))."""
    LIMITED = "limited"
    """From a named time or event on, by the final disposition at the latest (2.35(c))."""
    NONE = "none"
    """It permits nothing, so there is nothing to revoke."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Requirements:
    """What one family needs."""

    family: Family
    revocation: Regime
    clauses: frozenset[Clause]
    """Clauses every form of the family says."""
    clauses_tpo: frozenset[Clause]
    """Clauses it says for a recipient of treatment, payment or operations under Part 2; conditional in the form."""
    never: frozenset[Clause]
    """Clauses that would be false on it."""
    only_kinds: frozenset[OrganizationKind]
    """The only kinds of organization it may go to; empty: any."""
    only_categories: frozenset[InformationCategory]
    """The only information it may be about; empty: anything that needs no form of its own."""
    only_purposes: frozenset[PurposeCode]
    """The only purposes it may name; empty: any that needs no form of its own."""
    needs: tuple[str, ...]
    """Fields of the draft it must have filled besides those of every statement."""
    may_exchange: bool
    """True when its forms name both disclosers of a two-way exchange."""
    may_be_open_ended: bool
    """True when it may name no end (2.31(a)(7): treatment, payment and operations only)."""
    authority: str


@cache
def requirements(family: Family) -> Requirements:
    """What `family` needs, from the table. Raises `KeyError` when the table does not have it."""
    row = table("families")["entries"][family.value]
    return Requirements(
        family=family,
        revocation=Regime(row["revocation"]),
        clauses=frozenset(map(Clause, row["clauses"])),
        clauses_tpo=frozenset(map(Clause, row.get("clauses_tpo", ()))),
        never=frozenset(map(Clause, row.get("never", ()))),
        only_kinds=frozenset(map(OrganizationKind, row.get("only_kinds", ()))),
        only_categories=frozenset(map(InformationCategory, row.get("only_categories", ()))),
        only_purposes=frozenset(map(PurposeCode, row.get("only_purposes", ()))),
        needs=tuple(row.get("needs", ())),
        may_exchange=bool(row.get("may_exchange", False)),
        may_be_open_ended=bool(row.get("may_be_open_ended", False)),
        authority=str(row["authority"]),
    )


@cache
def own_form_purposes() -> dict[PurposeCode, Family]:
    """Purposes that only one family may name, by the table of purposes (`special`)."""
    rows = table("purposes")["entries"]
    return {PurposeCode(code): Family(row["special"]) for code, row in rows.items() if "special" in row}


@cache
def own_form_categories() -> dict[InformationCategory, Family]:
    """Information that only one family may be about, by the table of categories (`special`)."""
    rows = table("categories")["entries"]
    return {InformationCategory(code): Family(row["special"]) for code, row in rows.items() if "special" in row}
