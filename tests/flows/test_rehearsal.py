"""What a worker does before it says that it is ready: its job, once, for nobody."""

from __future__ import annotations

from collections.abc import Iterator
from types import MappingProxyType

import pytest

from flows import rehearsal
from flows.desk import Desk
from templates.press import Health, Press
from tests.flows.conftest import Setting
from tests.templates.conftest import daemon_of, filler, press, renderer, run_dir  # noqa: F401 - fixtures


@pytest.fixture
def here(setting: Setting) -> Iterator[Desk]:
    desk = Desk(setting.site)
    yield desk
    desk.close()


def _counts() -> dict[str, int]:
    from register import models

    return {name: getattr(models, name).objects.count() for name in ("Packet", "Statement", "Object", "Move")}


def test_it_gives_way_to_a_packet_that_waits(setting: Setting, here: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    setting.world.opened(setting.ask())
    monkeypatch.setattr(Press, "health", lambda _press: pytest.fail("looked whether it could rehearse"))

    assert rehearsal.rehearse(here) == 0


def test_without_daemons_it_starts_no_office_of_its_own(here: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rehearsal, "PATIENCE_SECONDS", 0.2)

    assert rehearsal.rehearse(here) == 0
    assert here.site.press.health().fallbacks == 0


def test_what_fails_in_it_is_told_by_its_type_alone_and_stops_nothing(
    here: Desk, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(_press: Press, docx: bytes, data: object, *, locale: str = "en") -> bytes:
        raise RuntimeError("Marisol Vega-Ortiz")

    monkeypatch.setattr(Press, "health", lambda _press: Health(filler=True, renderer=True, fallbacks=0))
    monkeypatch.setattr(Press, "fill", broken)

    assert rehearsal.rehearse(here) == 0
    assert "RuntimeError" in caplog.text
    assert "Vega" not in caplog.text


@pytest.mark.real
def test_every_published_form_is_made_and_nothing_is_kept(here: Desk, press: Press) -> None:  # noqa: F811
    here.site.press = press
    before = MappingProxyType(_counts())

    assert rehearsal.rehearse(here) == sum(len(form.languages) for form in here.site.catalog)
    assert _counts() == before
    assert press.health().fallbacks == 0
