"""Reads the packaged tables (`rules/data/*.yaml`), and the long lists of words beside some of them, once each.

Danger: a table that was edited away, or that says nothing of when it was last checked, is law nobody verified.
Invariant: every table opens with `verified_on`, `source` and `needs_counsel`; a table without them does not load, and
no list that its table does not name. This is the only reading the rules do.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Any

from rules.wordlists import WordList

TABLES: tuple[str, ...] = (
    "authorities",
    "capacities",
    "categories",
    "clauses",
    "dictionary",
    "families",
    "gazetteer",
    "mandates",
    "names",
    "nasw",
    "notices",
    "purposes",
    "surnames",
    "words",
)
"""Every table there is, by file name without its ending."""

_HEAD = ("verified_on", "source", "needs_counsel")


@cache
def table(name: str) -> Mapping[str, Any]:
    """The table `name`, parsed.

    Raises `KeyError` when it lacks one of its three opening lines, `FileNotFoundError` when it is not packaged.
    """
    return parsed(resources.files("rules") / "data" / f"{name}.yaml")


@cache
def word_list(name: str, words: str) -> WordList:
    """The list `words` of the table `name`: `rules/data/<name>/<words>.txt`, folded words in order, one a line.

    Raises as `table` does, and `KeyError` when the table's `lists` do not name it.
    """
    if words not in table(name)["lists"]:
        raise KeyError(f"{name}.yaml has no list {words}")
    return WordList((resources.files("rules") / "data" / name / f"{words}.txt").read_text(encoding="ascii"))


def parsed(file: Traversable) -> Mapping[str, Any]:
    """A table from its file. Raises as `table` does."""
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    rows: Mapping[str, Any] = yaml.load(file.read_text(encoding="utf-8"), Loader=loader)  # noqa: S506  both are safe
    missing = [line for line in _HEAD if line not in rows]
    if missing:
        raise KeyError(f"{file.name} does not say: {', '.join(missing)}")
    written_out: Mapping[str, Any] = _written_out(rows)
    return written_out


def _written_out(told: Any) -> Any:
    """Every "<nasw STANDARD>" of a table as the citation it is: letters stand in nasw.yaml alone."""
    if isinstance(told, str) and "<nasw " in told:
        from rules.nasw import expanded

        return expanded(told)
    if isinstance(told, dict):
        return {key: _written_out(value) for key, value in told.items()}
    return [_written_out(value) for value in told] if isinstance(told, list) else told
