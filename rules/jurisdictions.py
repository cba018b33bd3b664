"""What differs from state to state, read from a folder of tables: majority, when a minor signs alone, HIV information.

Danger: another state's law judged by this one's. Invariant: a jurisdiction is a path of folders ("us/ny"); each
folder's law.yaml replaces what the folder above it says, and no state is named in the code: a new one is a folder.

Source: 42 CFR 2.14; 45 CFR 164.502(g)(3); the state's row.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Any

from rules.tables import parsed

DEFAULT = "us/ny"
"""The jurisdiction of a unit that names none."""


class Service(StrEnum):
    """What a minor seeks; state law differs by it."""

    SUBSTANCE_USE_TREATMENT = "substance_use_treatment"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class MinorRule:
    """When a minor may obtain a service, and so sign, alone."""

    alone_from: int | None
    """Age in whole years from which state law lets the client do so; None: by no age alone."""
    alone_on_finding: bool
    """True where staff may record that this client may, whatever the age."""
    authority: str

    def may_be_alone(self, age: int) -> bool:
        """True when a record that the client signs alone can be right at this age."""
        return self.alone_on_finding or self.must_be_alone(age)

    def must_be_alone(self, age: int) -> bool:
        """True when the age alone lets the client obtain the service: then only the client signs (2.14(b))."""
        return self.alone_from is not None and age >= self.alone_from


@dataclass(frozen=True, slots=True)
class Jurisdiction:
    """One jurisdiction's tables, those above it folded in."""

    code: str
    name: str
    majority: int
    """Age of majority in whole years."""
    minors: Mapping[Service, MinorRule]
    hiv: Mapping[str, Any] | None
    """Whose law wants a release of HIV information, and its notice (`rules.notices`); None where it has no release."""


@cache
def jurisdiction(code: str, folder: Traversable | None = None) -> Jurisdiction:
    """The jurisdiction `code` ("us/ny") in `folder` (the packaged tables unless told).

    Raises `LookupError` for one that has no table.
    """
    told: dict[str, Any] = {}
    for law in tables_of(code, folder):
        services = {**told.get("minors", {}).get("services", {}), **law.get("minors", {}).get("services", {})}
        minors = {**told.get("minors", {}), **law.get("minors", {}), "services": services}
        told = {**told, **law, "minors": minors}
    rows = told["minors"]["services"]
    return Jurisdiction(
        code=code,
        name=str(told["name"]),
        majority=int(told["minors"]["majority"]),
        minors={
            service: MinorRule(row["alone_from"], bool(row["alone_on_finding"]), str(row["authority"]))
            for service in Service
            if (row := rows[service.value])
        },
        hiv=told.get("hiv"),
    )


def tables_of(code: str, folder: Traversable | None = None) -> tuple[Mapping[str, Any], ...]:
    """The tables that make a jurisdiction, the widest first. Raises `LookupError` where the last has none."""
    here = folder or _packaged()
    found = []
    for step in code.split("/"):
        here = here / step
        law = here / "law.yaml"
        if not law.is_file():
            raise LookupError(f"no jurisdiction {code}: {step} has no law.yaml")
        found.append(parsed(law))
    return tuple(found)


@cache
def known(folder: Traversable | None = None) -> tuple[str, ...]:
    """Every jurisdiction there is a table for, such as ("us", "us/ny")."""
    return tuple(_below(folder or _packaged(), ""))


def _below(folder: Traversable, path: str) -> list[str]:
    codes = []
    for child in sorted(folder.iterdir(), key=lambda one: one.name):
        if child.is_dir() and (child / "law.yaml").is_file():
            codes += [f"{path}{child.name}", *_below(child, f"{path}{child.name}/")]
    return codes


def _packaged() -> Traversable:
    return resources.files("rules") / "data" / "jurisdictions"
