"""A schedule from YAML, every problem told at once, and the schedule that ships.

Danger: a rule that is misspelt is a rule that is not there, and the record it kept goes. Invariants: every key, word
and period is known or refused, a code stands once, and every rule carries its authority; nothing is skipped.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Mapping
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from rules.request import Problem
from rules.retention.days import FiscalYear, Period
from rules.retention.schedule import Authority, Rule, Schedule, Selector, Trigger
from rules.retention.words import Combine, Cutoff, Disposition, EventKind, EventSubject
from rules.tables import parsed
from rules.vocabulary import Family, ProgramClass, StatementState

_HERE = Path(__file__).parent
_HOUSE = "house"
_HEAD = {"version", "fiscal_year_ends", "rules"}
_RULE = {
    "series",
    "selector",
    "keep",
    "destroy_by",
    "combine",
    "cutoff",
    "disposition",
    "authority",
    "url",
    "verified_on",
    "needs_counsel",
    "jurisdiction",
    "version",
    "effective_from",
    "effective_to",
}
_SELECTOR = {"classes", "states", "families", "programs", "funders", "minor"}
_TRIGGER = {"event", "period", "only_if"}
_Word = TypeVar("_Word", bound=StrEnum)


class ScheduleError(ValueError):
    """A schedule that cannot be read: every problem at once."""

    code = "bad_schedule"

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        self.sentence = "The retention schedule cannot be used."
        self.remedy = "Correct every line named, then: confide retention check FILE"
        super().__init__(f"{self.sentence} {'; '.join(map(str, self.problems))}")


def read(text: str) -> Schedule:
    """The schedule that `text` (YAML) is.

    Raises:
        ScheduleError: with every problem.
    """
    reader = _Reader()
    schedule = reader.schedule(_mapping_of(text))
    if reader.problems or schedule is None:
        raise ScheduleError(reader.problems)
    return schedule


@cache
def files(folder: Path | None = None) -> tuple[str, ...]:
    """Every file there is, by its name without its ending, the widest first: "us", "us.ny", …; `house` last.

    A state's holds with those above it, `house` everywhere; a further state is a further file.
    """
    found = (one.name.removesuffix(".yaml") for one in (folder or _HERE).iterdir() if one.name.endswith(".yaml"))
    return (*sorted(name for name in found if name != _HOUSE), _HOUSE)


@cache
def shipped_text(jurisdiction: str, folder: Path | None = None) -> str:
    """The schedule that ships for a jurisdiction ("us/ny"), as one YAML text that may be edited and adopted.

    A jurisdiction that no file is about has the rules above it. Raises `LookupError` where there are none.
    """
    import yaml

    if jurisdiction.split("/")[0] not in files(folder):
        raise LookupError(f"no retention schedule for {jurisdiction}")
    told: dict[str, Any] = {}
    for name in files(folder):
        table = shipped_file(name, folder)
        if name != _HOUSE and not f"{jurisdiction}/".startswith(f"{table['jurisdiction']}/"):
            continue
        given = {key: table[key] for key in ("jurisdiction", "version", "effective_from", "verified_on")}
        told |= {code: {**given, **rule} for code, rule in table["rules"].items()}
    head = {"version": shipped_file(_HOUSE, folder)["version"], "fiscal_year_ends": "12-31", "rules": told}

    class Plain(yaml.SafeDumper):
        """Writes every value where it stands: a text that is edited by hand points nowhere."""

        def ignore_aliases(self, data: Any) -> bool:
            return True

    return str(yaml.dump(head, Dumper=Plain, sort_keys=False, allow_unicode=True, width=110, default_flow_style=None))


@cache
def shipped(jurisdiction: str) -> Schedule:
    """`shipped_text`, read."""
    return read(shipped_text(jurisdiction))


@cache
def shipped_file(name: str, folder: Path | None = None) -> Mapping[str, Any]:
    """One of `files` as it stands."""
    return parsed((folder or _HERE) / f"{name}.yaml")


def uncovered(schedule: Schedule, classes: Collection[str]) -> tuple[str, ...]:
    """Those of `classes` that no rule of the schedule is about: their records could never be due."""
    keeping = [rule for rule in schedule.rules if rule.keep or rule.disposition is Disposition.PERMANENT]
    if any(rule.selector == Selector() for rule in keeping):
        return ()
    # a funder's rule comes with its matter only
    told = {one for rule in keeping if not rule.selector.funders for one in rule.selector.classes}
    return tuple(sorted(set(classes) - told))


def _mapping_of(text: str) -> Mapping[str, Any]:
    import yaml

    class Strict(yaml.SafeLoader):
        """As YAML reads, but a key that stands twice is refused: the second would silently replace the first."""

    def mapping(loader: Any, node: Any, deep: bool = False) -> dict[Any, Any]:
        keys = [loader.construct_object(key, deep=deep) for key, _ in node.value]
        twice = sorted({str(key) for key in keys if keys.count(key) > 1})
        if twice:
            where = f"line {node.start_mark.line + 1}"
            raise ScheduleError([Problem(where, f"{', '.join(twice)} stands twice.", "Keep one.")])
        values = (loader.construct_object(value, deep=True) for _, value in node.value)
        return dict(zip(keys, values, strict=True))

    Strict.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, mapping)
    try:
        told = yaml.load(text, Loader=Strict)  # noqa: S506  a safe loader, made stricter
    except (yaml.YAMLError, ValueError, TypeError, OverflowError) as wrong:
        if isinstance(wrong, ScheduleError):
            raise
        # a day that no calendar has, or a key that is no word, is refused by YAML's own constructors
        line = getattr(getattr(wrong, "problem_mark", None), "line", None)
        where = f"line {line + 1}" if line is not None else "the file"
    else:
        if isinstance(told, Mapping):
            return told
        where = "the file"
    raise ScheduleError([Problem(where, "This is not YAML with names and values.", "See docs/retention.md.")])


class _Reader:
    """Reads a schedule and gathers what is wrong with it."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []

    def schedule(self, told: Mapping[str, Any]) -> Schedule | None:
        self._known(told, _HEAD, "")
        rules = told.get("rules")
        if not isinstance(rules, Mapping) or not rules:
            self._wrong("rules", "There are no rules.", "Write them by their code.")
            return None
        made = [self._rule(str(code), rule) for code, rule in rules.items()]
        fiscal = self._parsed(told.get("fiscal_year_ends", "12-31"), FiscalYear.parse, "fiscal_year_ends", "06-30")
        version = self._text(told.get("version"), "version")
        if self.problems or fiscal is None:
            return None
        return Schedule(version=version, fiscal_year=fiscal, rules=tuple(rule for rule in made if rule))

    def _rule(self, code: str, told: Any) -> Rule | None:
        at = f"rules.{code}"
        if not isinstance(told, Mapping):
            self._wrong(at, "This is no rule.", "Give its series, keep and authority.")
            return None
        self._known(told, _RULE, at)
        disposition = self._word(told.get("disposition", "destroy"), Disposition, f"{at}.disposition")
        keep = self._triggers(told.get("keep"), f"{at}.keep")
        destroy_by = self._triggers(told.get("destroy_by"), f"{at}.destroy_by")
        selector = self._selector(told.get("selector"), f"{at}.selector")
        combine = self._word(told.get("combine", "latest"), Combine, f"{at}.combine")
        cutoff = self._word(told.get("cutoff", "none"), Cutoff, f"{at}.cutoff")
        since, until = (self._day(told.get(key), f"{at}.{key}") for key in ("effective_from", "effective_to"))
        verified = self._day(told.get("verified_on"), f"{at}.verified_on")
        series = self._text(told.get("series"), f"{at}.series")
        citation = self._text(told.get("authority"), f"{at}.authority")
        version = self._text(told.get("version"), f"{at}.version")
        jurisdiction = self._text(told.get("jurisdiction"), f"{at}.jurisdiction")
        if since is None:
            self._wrong(f"{at}.effective_from", "It does not say since when it holds.", "Give a day, YYYY-MM-DD.")
        if since and until and until < since:
            self._wrong(f"{at}.effective_to", "It ends before it begins.", "Correct one of the two days.")
        if disposition is not Disposition.PERMANENT and not told.get("keep") and not told.get("destroy_by"):
            self._wrong(f"{at}.keep", "It says neither how long at least nor until when at most.", "Give keep.")
        self._sense(at, disposition, keep, destroy_by, selector)
        if since is None or None in (disposition, selector, combine, cutoff):
            return None
        return Rule(
            code=code,
            series=series,
            selector=selector or Selector(),
            keep=keep,
            destroy_by=destroy_by,
            combine=combine or Combine.LATEST,
            cutoff=cutoff or Cutoff.NONE,
            disposition=disposition or Disposition.REVIEW,
            authority=Authority(
                citation=citation,
                url=str(told.get("url", "")),
                verified_on=verified,
                needs_counsel=bool(told.get("needs_counsel", verified is None)),
            ),
            jurisdiction=jurisdiction,
            version=version,
            effective_from=since,
            effective_to=until,
        )

    def _sense(
        self,
        at: str,
        disposition: Disposition | None,
        keep: tuple[Trigger, ...],
        destroy_by: tuple[Trigger, ...],
        selector: Selector | None,
    ) -> None:
        if disposition is Disposition.PERMANENT and (keep or destroy_by):
            self._wrong(at, "What is permanent has no period.", "Leave keep and destroy_by out.")
        for trigger in (*keep, *destroy_by):
            if trigger.event.subject is EventSubject.MATTER and selector is not None and not selector.funders:
                self._wrong(
                    at, f"{trigger.event} is a matter's event, and no funder is selected.", "Give selector.funders."
                )
        floors = {trigger.event: trigger.period for trigger in keep}
        for trigger in destroy_by:
            floor = floors.get(trigger.event)
            if floor is not None and floor > trigger.period:
                self._wrong(f"{at}.destroy_by", "It ends before what must be kept does.", "Correct one of the periods.")

    def _selector(self, told: Any, at: str) -> Selector | None:
        if not isinstance(told, Mapping):
            self._wrong(at, "It does not say what it is about.", "Give classes, states, families, programs, …")
            return None
        self._known(told, _SELECTOR, at)
        minor = told.get("minor")
        if minor not in (None, True, False):
            self._wrong(f"{at}.minor", "This is neither true nor false.", "Leave it out, or say true or false.")
        return Selector(
            classes=frozenset(self._list(told.get("classes"), f"{at}.classes")),
            states=self._words(told.get("states"), StatementState, f"{at}.states"),
            families=self._words(told.get("families"), Family, f"{at}.families"),
            programs=self._words(told.get("programs"), ProgramClass, f"{at}.programs"),
            funders=frozenset(self._list(told.get("funders"), f"{at}.funders")),
            minor=minor,
        )

    def _triggers(self, told: Any, at: str) -> tuple[Trigger, ...]:
        if told is None:
            return ()
        if not isinstance(told, list):
            self._wrong(at, "This is no list.", "Write - {event: …, period: …}")
            return ()
        made = (self._trigger(one, f"{at}.{number}") for number, one in enumerate(told))
        return tuple(one for one in made if one is not None)

    def _trigger(self, told: Any, at: str) -> Trigger | None:
        if not isinstance(told, Mapping):
            self._wrong(at, "This is no trigger.", "Write {event: …, period: …}")
            return None
        self._known(told, _TRIGGER, at)
        event = self._word(told.get("event"), EventKind, f"{at}.event")
        period = self._parsed(told.get("period"), Period.parse, f"{at}.period", "P6Y")
        only_if = self._word(told["only_if"], EventKind, f"{at}.only_if") if "only_if" in told else None
        if event is None or period is None:
            return None
        return Trigger(event=event, period=period, only_if=only_if)

    def _known(self, told: Mapping[str, Any], keys: set[str], at: str) -> None:
        import difflib

        for key in told:
            if key not in keys:
                near = difflib.get_close_matches(str(key), keys, n=1)
                remedy = f"Did you mean {near[0]}?" if near else f"Use: {', '.join(sorted(keys))}."
                self._wrong(f"{at}.{key}".lstrip("."), "This key is not known.", remedy)

    def _words(self, told: Any, words: type[_Word], at: str) -> frozenset[_Word]:
        made = (self._word(one, words, at) for one in self._list(told, at))
        return frozenset(one for one in made if one is not None)

    def _word(self, told: Any, words: type[_Word], at: str) -> _Word | None:
        try:
            return words(told)
        except ValueError:
            self._wrong(at, "This word is not known.", f"Use one of: {', '.join(word.value for word in words)}.")
            return None

    def _list(self, told: Any, at: str) -> list[str]:
        if told is None:
            return []
        if not isinstance(told, list) or not all(isinstance(one, str) for one in told):
            self._wrong(at, "This is no list of words.", "Write [one, another].")
            return []
        return told

    def _text(self, told: Any, at: str) -> str:
        if not isinstance(told, str) or not told.strip():
            self._wrong(at, "This is missing.", "Write it in a line (a version in quotation marks).")
            return ""
        return told.strip()

    def _day(self, told: Any, at: str) -> dt.date | None:
        if told is None or (isinstance(told, dt.date) and not isinstance(told, dt.datetime)):
            return told
        self._wrong(at, "This is no day.", "Write it as YYYY-MM-DD.")
        return None

    def _parsed(self, told: Any, parse: Any, at: str, example: str) -> Any:
        try:
            return parse(str(told))
        except ValueError:
            self._wrong(at, "This cannot be read.", f"Write it like {example}.")
            return None

    def _wrong(self, at: str, sentence: str, remedy: str) -> None:
        self.problems.append(Problem(at, sentence, remedy))
