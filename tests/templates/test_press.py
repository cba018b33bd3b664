"""The press makes the document, whatever is running."""

from __future__ import annotations

import datetime as dt
import os
import socket
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from templates import press as press_module
from templates.errors import FormCode, FormError
from templates.fill import fill
from templates.press import Press

TOLD = {"title": "x", "language": "en", "prepared_on": dt.date(2026, 11, 22)}


def test_with_both_daemons_nothing_is_made_elsewhere(press: Press, form: bytes, data: dict[str, Any]) -> None:
    with press:
        assert press.health().well
        assert press.render(press.fill(form, data, locale="en"), **TOLD).startswith(b"%PDF-")
        assert press.health().fallbacks == 0


def test_a_daemon_that_talks_nonsense_is_as_good_as_none(tmp_path: Path, form: bytes, data: dict[str, Any]) -> None:
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(tmp_path / "filler.sock"))
    listener.listen()

    def talk() -> None:
        connection, _ = listener.accept()
        with connection:
            connection.recv(1 << 16)
            connection.sendall(b"\x00\x00\x00\x02{}")

    talker = threading.Thread(target=talk)
    talker.start()
    press = Press(tmp_path)
    assert press.fill(form, data) == fill(form, data)
    talker.join()
    listener.close()
    assert press.health().fallbacks == 1


@pytest.mark.real
def test_a_daemon_that_is_silent_is_given_up(
    tmp_path: Path, form: bytes, data: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(press_module, "QUEUE_SECONDS", 0.1)
    monkeypatch.setattr(press_module, "HEALTH_SECONDS", 0.1)
    monkeypatch.setattr(press_module.limits, "RENDER_WALL_SECONDS", 0.1)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "renderer.sock"))
        listener.listen()
        press = Press(tmp_path)
        assert not press.health().renderer
        assert press.render(fill(form, data), **TOLD).startswith(b"%PDF-")
        assert press.health().fallbacks == 1


def test_an_empty_value_is_told_by_the_name_of_its_field_before_anything_runs(
    data: dict[str, Any], form: bytes
) -> None:
    data["client"]["name"] = None
    with pytest.raises(FormError) as told:
        Press(None).fill(form, data)
    assert told.value.code is FormCode.FIELD_NONE
    assert "client.name" in told.value.sentence


def test_an_error_survives_the_way_between_processes_and_pickles() -> None:
    import pickle

    from templates.errors import Place

    error = FormError(
        FormCode.FIELD_MISSING, "It is gone.", "Find it.", place=Place(part="body", paragraph=3, words="x")
    )
    for again in (FormError.from_message(error.as_message()), pickle.loads(pickle.dumps(error))):  # noqa: S301 - our own
        assert (again.code, again.sentence, again.remedy, again.place, str(again)) == (
            error.code,
            "It is gone (body, paragraph 3, near “x”).",
            "Find it.",
            error.place,
            str(error),
        )


@pytest.mark.real
def test_no_value_is_in_a_command_line_or_an_environment(
    tmp_path: Path, form: bytes, data: dict[str, Any], until: Callable[..., None]
) -> None:
    canary = "Quetzal-Canary-Nymeria"
    data["client"]["name"] = canary
    seen: list[bytes] = []
    done = threading.Event()

    def watch() -> None:
        while not done.is_set():
            for pid in Path(f"/proc/{os.getpid()}/task").iterdir():
                for child in (pid / "children").read_text(encoding="ascii").split():
                    try:
                        seen.append(
                            Path(f"/proc/{child}/cmdline").read_bytes() + Path(f"/proc/{child}/environ").read_bytes()
                        )
                    except OSError:
                        continue
            done.wait(0.01)

    watcher = threading.Thread(target=watch)
    watcher.start()
    press = Press(None)
    assert press.render(press.fill(form, data), **TOLD).startswith(b"%PDF-")
    done.set()
    watcher.join()
    assert any(b"templates.filler" in one for one in seen)
    assert any(b"soffice" in one for one in seen)
    assert not any(canary.encode() in one for one in seen)
