"""Retention at the terminal: the page's commands as they stand, and what each person is told."""

from __future__ import annotations

import datetime as dt
import json
import re
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import yaml

from cli import main as door
from cli.exit_code import ExitCode
from rules.retention.words import EventKind
from storage.protocol import Area
from tests.register.conftest import PASSWORD, World, _built, _light_passwords, world  # noqa: F401  fixtures by name
from tests.register.test_due import CLOSED, SHORT, ended

PAGE = (Path(__file__).parents[2] / "docs" / "retention.md").read_text(encoding="utf-8")
Run = Callable[..., tuple[int, Any, str]]


@pytest.fixture
def run(world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Run:  # noqa: F811
    """The terminal door on this site, in this process: `run(verb, …)` -> exit code, answer, what went to stderr."""
    from register import boot
    from register.configuration import configuration

    for name, value in world.environment.items():
        monkeypatch.setenv(name, value)
    configuration.cache_clear()
    monkeypatch.setattr(boot, "open_vault", lambda: world.vault)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "password").write_text(PASSWORD + "\n")

    def call(*words: str, json_too: bool = True, told: object = None) -> tuple[int, Any, str]:
        given = list(words)
        if told is not None:
            (tmp_path / "told.yaml").write_text(yaml.safe_dump(told))
            given += ["--from", "told.yaml"]
        with pytest.raises(SystemExit) as left:
            door.main([*given, *(["--json"] if json_too else [])])
        out, err = capsys.readouterr()
        return int(left.value.code or 0), json.loads(out) if json_too and out.strip() else out, err

    yield call  # type: ignore[misc]
    configuration.cache_clear()


def as_(who: str) -> list[str]:
    return ["--as", who, "--password-file", "password"]


def test_the_commands_of_the_page_work_as_they_stand(world: World, run: Run, tmp_path: Path) -> None:  # noqa: F811
    record = world.record()
    client = str(world.ids.client)
    files = {
        "new.yaml": SHORT,
        "event.yaml": {"event": "last_service", "client": client, "on": CLOSED},
        "matter.yaml": {"code": "bja-1", "kind": "award", "funder": "federal_award", "covers_from": CLOSED},
        "hold.yaml": {
            "kind": "litigation",
            "matter": "A claim",
            "authority": "Counsel's letter",
            "review_on": "2090-05-01",
            "query": {"form": "disclosure", "kept_from": "2026-01-01"},
        },
        "release.yaml": {"reason": "Settled."},
    }
    for name, content in files.items():
        (tmp_path / name).write_text(content if isinstance(content, str) else yaml.safe_dump(content))
    known = {"CLIENT": client, "RECORD": str(record.record_id)}
    blocks = re.findall(r"```console\n(.*?)```", PAGE, re.DOTALL)
    commands = [shlex.split(line)[2:] for block in blocks for line in block.splitlines()]
    assert len(commands) >= 20
    for words in commands:
        code, told, err = run(*(known.get(word, word) for word in words))
        # before a schedule is in force, and for a file that covers part of the classes, check has something to tell
        assert code == (ExitCode.FINDINGS if words[:2] == ["retention", "check"] else ExitCode.OK), (words, told, err)
        if words[:2] == ["hold", "place"]:
            known["HOLD"] = told["hold"]["hold_id"]
            assert told["hold"]["records"] == told["store_told"] == 1


def test_explain_tells_the_arithmetic(world: World, run: Run) -> None:  # noqa: F811
    world.adopted()
    record_id = str(ended(world))
    code, told, _ = run("retention", "explain", record_id, *as_("officer"), json_too=False)
    assert code == ExitCode.OK
    for words in (
        "It may go from 2032-12-01 on: destroy.",
        "NY-CLIENT 2026.11: last_service 2026-11-30 + P6Y = to the end of 2032-11-30 [8 NYCRR 29.2(a)(3)]",
        "US-HIPAA-DOC 2026.11: consent_not_in_effect 2026-11-23 + P6Y",
        "Store: 1 version(s)",
    ):
        assert words in told


def test_who_may_not_know_of_a_hold_is_told_the_same_with_and_without_one(world: World, run: Run) -> None:  # noqa: F811
    from register import records

    world.adopted()
    record_id = str(ended(world))
    asked = ("retention", "explain", record_id, *as_("officer"))
    before = run(*asked), run(*asked, json_too=False), run("retention", "exceptions", *as_("officer"))
    wish = {"kind": "audit", "matter": "m", "authority": "a", "review_on": "2090-01-01", "records": [record_id]}
    code, placed, _ = run("hold", "place", *as_("counsel"), told=wish)
    assert (code, placed["store_told"]) == (ExitCode.OK, 1)
    # what upkeep does under a hold, and never without one once the day has come
    record = records.show(UUID(record_id))
    further = dt.datetime(2090, 1, 31, 23, 59, 59, tzinfo=dt.UTC)
    world.vault.store.protect(Area.RECORDS, record.object_id, retain_until=further)
    records.extend(record.record_id, retain_until=further, now=world.now)
    after = run(*asked), run(*asked, json_too=False), run("retention", "exceptions", *as_("officer"))
    assert after == before
    hold_id = placed["hold"]["hold_id"]
    for words in (("list",), ("show", hold_id), ("show", record_id)):
        code, told, err = run("hold", *words, *as_("officer"))
        assert (code, told["error"]["code"], hold_id in err) == (ExitCode.NOT_ALLOWED, "not_allowed", False)
    _, told, _ = run("retention", "explain", record_id, *as_("counsel"), json_too=False)
    assert f"Hold {hold_id}: audit" in told
    assert "locked until 2090-01-31, held" in told


def test_a_schedule_that_cannot_be_read_is_told_line_by_line(run: Run, tmp_path: Path) -> None:
    bad = SHORT.replace("P1Y", "1 year").replace("last_service", "last_servce").replace("authority:", "authorty:")
    (tmp_path / "bad.yaml").write_text(bad)
    code, told, _ = run("retention", "check", "bad.yaml")
    assert code == ExitCode.INPUT
    where = {finding["where"]: finding["sentence"] for finding in told["error"]["findings"]}
    assert where["rules.HOUSE-ALL.authorty"] == "This key is not known. Did you mean authority?"
    assert {"rules.HOUSE-ALL.keep.0.event", "rules.HOUSE-ALL.keep.0.period", "rules.HOUSE-ALL.authority"} <= set(where)


@pytest.mark.parametrize(
    ("told", "code"),
    [
        ({"event": "last_service", "on": "2026-11-10"}, ExitCode.INPUT),
        ({"event": "age_21", "on": "2026-11-10", "client": "x"}, ExitCode.INPUT),
        ({"event": "last_service", "on": "yesterday", "client": "x"}, ExitCode.INPUT),
        ({"event": "last_service", "on": "2099-01-01", "client": "CLIENT"}, ExitCode.INPUT),
        ({"event": "audit_opened", "on": "2026-11-10", "matter": "unknown"}, ExitCode.NOT_FOUND),
    ],
)
def test_an_event_that_cannot_be_says_what_is_wrong(
    world: World,  # noqa: F811
    run: Run,
    told: dict[str, str],
    code: ExitCode,
) -> None:
    wish = {key: str(world.ids.client) if value == "CLIENT" else value for key, value in told.items()}
    refused, answer, _ = run("retention", "event", "record", *as_("officer"), told=wish)
    assert refused == code
    assert answer["error"]["remedy"]


def test_exceptions_say_what_to_do(world: World, run: Run) -> None:  # noqa: F811
    world.record()
    code, told, _ = run("retention", "exceptions", *as_("officer"), json_too=False)
    assert code == ExitCode.OK
    assert "no_schedule" in told or "must be computed anew" in told
    world.adopted()
    world.happened(EventKind.LAST_SERVICE, CLOSED)
    _, told, _ = run("retention", "exceptions", *as_("officer"), json_too=False)
    assert "missing_event: 1" in told


def test_comparing_holds_says_whom_it_could_not_tell(
    world: World,  # noqa: F811
    run: Run,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from storage.errors import StoreUnavailable

    record, store = world.record(), world.vault.store
    wish = {"kind": "audit", "matter": "m", "authority": "a", "review_on": "2090-01-01"}
    run("hold", "place", *as_("counsel"), told=wish | {"records": [str(record.record_id)]})
    store.protect(Area.RECORDS, record.object_id, hold=False)

    def away(*_: object, **__: object) -> None:
        raise StoreUnavailable("protect")

    with monkeypatch.context() as patch:
        patch.setattr(store, "protect", away)
        code, told, _ = run("hold", "compare", *as_("counsel"), json_too=False)
    assert code == ExitCode.FINDINGS
    assert str(record.record_id) in told
    assert "The store was told of 0 record(s)." in told
    assert "✗ Of 1 it was not" in told
    code, told, _ = run("hold", "compare", *as_("counsel"), json_too=False)
    assert (code, "✗" in told) == (ExitCode.FINDINGS, False)
    assert all(version.held for version in store.stat(Area.RECORDS, record.object_id))


def test_a_hold_that_came_back_without_its_words_is_told_and_completed(world: World, run: Run) -> None:  # noqa: F811
    from register import models

    wish = {"kind": "audit", "matter": "An audit", "authority": "A letter", "review_on": "2090-05-01"}
    _, placed, _ = run("hold", "place", *as_("counsel"), told=wish | {"records": [str(world.record().record_id)]})
    hold_id = placed["hold"]["hold_id"]
    models.Hold.objects.update(incomplete=True, sealed_words=b"", released_since=True)
    _, told, _ = run("hold", "list", *as_("counsel"), json_too=False)
    assert "details to be completed" in told
    _, told, _ = run("hold", "show", hold_id, *as_("counsel"), json_too=False)
    assert "confide hold complete" in told
    assert run("hold", "complete", hold_id, *as_("officer"), told=wish)[0] == ExitCode.NOT_ALLOWED
    code, told, err = run("hold", "complete", hold_id, *as_("counsel"), told=wish)
    assert (code, told["hold"]["incomplete"], told["hold"]["kind"]) == (ExitCode.OK, False, "audit"), err
    code, told, _ = run("hold", "complete", hold_id, *as_("counsel"), told=wish)
    assert (code, told["error"]["code"]) == (ExitCode.CONFLICT, "hold")
    _, told, _ = run("hold", "show", hold_id, *as_("counsel"), json_too=False)
    assert "Matter: An audit" in told
