"""Reads the packaged tables (`rules/data/*.yaml`) once each.

Danger: a table that was edited away, or that says nothing of when it was last checked, is law nobody verified.
Invariant: every table opens with `verified_on`, `source` and `needs_counsel`; a table without them does not load.
This is the only reading the rules do.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Any

TABLES: tuple[str, ...] = (
    "authorities",
    "capacities",
    "categories",
    "clauses",
    "families",
    "gazetteer",
    "mandates",
    "names",
    "nasw",
    "notices",
    "purposes",
    "words",
)
"""Every table there is, by file name without its ending."""

_HEAD = ("verified_on", "source", "needs_counsel")


@cache
def table(name: str) -> Mapping[str, Any]:
    """The table `name`, parsed.

    Raises `KeyError` when it lacks one of its three opening lines, `FileNotFoundError` when it is not packaged.
    """
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    text = (resources.files("rules") / "data" / f"{name}.yaml").read_text(encoding="utf-8")
    parsed: Mapping[str, Any] = yaml.load(text, Loader=loader)  # noqa: S506  both loaders are the safe ones
    missing = [line for line in _HEAD if line not in parsed]
    if missing:
        raise KeyError(f"rules/data/{name}.yaml does not say: {', '.join(missing)}")
    return parsed
