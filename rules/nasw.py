"""Citations of the NASW Code of Ethics, with their edition: its letters moved in 2017.

Danger: "1.07(q)" is consultants in one edition and searching for clients in another. Invariant: nothing cites a letter
without its edition; letters live in data/nasw.yaml.
"""

from __future__ import annotations

import re
from enum import StrEnum
from functools import cache

from rules.tables import table


class Edition(StrEnum):
    """Editions of the code whose letters are cited."""

    E1999 = "1999"
    """The text the project was founded on."""
    E2021 = "2021"
    """The letters since the revision of 2017, with the amendments of 2021."""


def letter(standard: str, edition: Edition) -> str | None:
    """The letter of `standard` in `edition`; None when that edition lacks it. Raises `KeyError` for no standard."""
    found: str | None = table("nasw")["entries"][standard][edition.value]
    return found


@cache
def cite(standard: str) -> str:
    """A citation of `standard` in every edition that has it: "NASW Code 1.07(p) (1999), (u) (2021)"."""
    by_edition = {edition: letter(standard, edition) for edition in Edition}
    section = table("nasw")["entries"][standard].get("section", "1.07")
    if len(set(by_edition.values())) == 1:
        return f"NASW Code {section}{_lettered(by_edition[Edition.E1999])} ({'; '.join(Edition)})"
    said = [f"{_lettered(found)} ({edition})" for edition, found in by_edition.items() if found is not None]
    return f"NASW Code {section}{', '.join(said)}"


def expanded(authority: str) -> str:
    """An authority with each "<nasw STANDARD>" in it written out: how the tables cite the code."""
    return _NAMED.sub(lambda named: cite(named.group(1)), authority)


_NAMED = re.compile(r"<nasw ([a-z_]+)>")


def _lettered(found: str | None) -> str:
    return f"({found})" if found else ""
