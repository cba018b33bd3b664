"""What a rule says when it finds something: a code, how grave, which field, one plain sentence, and the law.

Danger: a refusal nobody understands is worked around; one that repeats a client's name ends up in a log. Invariant: a
sentence never holds a client's data (it may name an organization), and every finding names the authority of its rule.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from rules.vocabulary import Severity


class FindingCode(StrEnum):
    """The rules by number.

    V: domain notes 3.3. U, C, S, P: their corrections. F: the finished PDF. O: a registry's rows. L: leaving.
    """

    V01 = "V01"
    V02 = "V02"
    V03 = "V03"
    V04 = "V04"
    V05 = "V05"
    V06 = "V06"
    V07 = "V07"
    V08 = "V08"
    V09 = "V09"
    V10 = "V10"
    V11 = "V11"
    V12 = "V12"
    V13 = "V13"
    V14 = "V14"
    V15 = "V15"
    V16 = "V16"
    V17 = "V17"
    V18 = "V18"
    V19 = "V19"
    V20 = "V20"
    V21 = "V21"
    V22 = "V22"
    U01 = "U01"
    """The program unit is not classified yet."""
    C01 = "C01"
    """The criminal justice form needs a unit under Part 2."""
    C02 = "C02"
    """The criminal justice form needs a mandate to take part in this very program."""
    C03 = "C03"
    """The criminal justice form is refused for HIPAA covered entities until counsel publishes a variant."""
    C04 = "C04"
    """The criminal justice form goes to the criminal justice system only."""
    S01 = "S01"
    """This category or purpose needs a form of its own."""
    S02 = "S02"
    """An intermediary needs its participants named (2.31(a)(4)(ii)); no form for it is published."""
    S03 = "S03"
    """This form is not for this kind of organization."""
    S04 = "S04"
    """This form is for its own information or purpose only."""
    S05 = "S05"
    """A two-way exchange, or a single use, on a form that cannot be that."""
    S06 = "S06"
    """This paper is not signed; it goes with another."""
    S07 = "S07"
    """The form is of another family than the request needs."""
    C05 = "C05"
    """The patient notice is for programs under Part 2 only."""
    R01 = "R01"
    """A revocation names no statement of this client that can be revoked."""
    P01 = "P01"
    """This purpose does not usually suit this kind of organization."""
    F01 = "F01"
    """Finished PDF: another receiving organization is named."""
    F02 = "F02"
    """Finished PDF: a person is named who has no place in it."""
    F03 = "F03"
    """Finished PDF: something required is missing."""
    F04 = "F04"
    """Finished PDF: a placeholder or template brace was left over."""
    F05 = "F05"
    """Finished PDF: the revocation sentence is the wrong one for its family."""
    F06 = "F06"
    """Finished PDF: its title, metadata or file name tells what it must not."""
    F07 = "F07"
    """Finished PDF: a letter that no installed font has."""
    O01 = "O01"
    """Registry: the same organization twice, or registered otherwise."""
    O02 = "O02"
    """Registry: this kind of organization is not known."""
    O03 = "O03"
    """Registry: the row cannot be read as it stands."""
    L01 = "L01"
    """Leaving: the copy is not one that may leave now."""


NO_PERSONS = (
    "Leave out titles, names, and lines such as Attn. or c/o; an organization called by a person's name alone gets its "
    "legal form (Inc., LLC)."
)
"""What to do where a person seems to be named in the place of an organization (V02)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing a rule found."""

    code: FindingCode
    severity: Severity
    field: str
    """Dotted path into the draft, or the part of the file; never a value."""
    sentence: str
    """One sentence for the clerk: what is wrong and what to do. Never a client's data."""
    authority: str
    """Citation; for the NASW Code with its edition."""

    def __str__(self) -> str:
        return f"{self.code} {self.field}: {self.sentence} [{self.authority}]"


def block(code: FindingCode, field: str, sentence: str, authority: str) -> Finding:
    """A finding that stops the verb."""
    return Finding(code=code, severity=Severity.BLOCK, field=field, sentence=sentence, authority=authority)


def warn(code: FindingCode, field: str, sentence: str, authority: str) -> Finding:
    """A finding that is shown and goes on."""
    return Finding(code=code, severity=Severity.WARN, field=field, sentence=sentence, authority=authority)


def blocking(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Those that stop the verb."""
    return tuple(finding for finding in findings if finding.severity is Severity.BLOCK)
