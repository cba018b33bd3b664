"""Refuses a person where an organization is written down, be it one that receives or our own (V02).

Danger: who is named in a unit, an address or at a desk is printed on every statement from then on, and looked for in no
finished paper, for that is where our own organization stands. Invariant: nothing is written into the register as an
organization's that `rules.individuals` finds a person in.
"""

from __future__ import annotations

from register.errors import RegisterError, RegisterErrorCode
from rules.finding import NO_PERSONS


def refuse_persons(*texts: str) -> None:
    """Nothing.

    Raises:
        RegisterError: NAMES_A_PERSON (V02) when any of `texts` seems to name one.
    """
    # its tables of names are read here only: who lists organizations does not wait for them
    from rules.individuals import individuals_in

    if any(individuals_in(text) for text in texts):
        raise RegisterError(
            RegisterErrorCode.NAMES_A_PERSON,
            "An organization is named without any person of it (V02).",
            NO_PERSONS,
        )
