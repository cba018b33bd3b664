"""Prefect's surroundings and the bell: a secret made once, loopback, silence towards the world, and no waiting."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from flows import bell
from flows.orchestration import announce, create_auth, environment, free_port, orchestration
from register.configuration import Configuration, read


@pytest.fixture(autouse=True)
def _no_prefect_of_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PREFECT_API_URL", "PREFECT_API_AUTH_STRING"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def configuration(tmp_path: Path) -> Configuration:
    made = read({"CONFIDE_HOME": str(tmp_path / "var"), "CONFIDE_KEYS": str(tmp_path / "keys")})
    made.keys.mkdir()
    made.run.mkdir(parents=True)
    return made


@contextmanager
def answering(configuration: Configuration, status: int) -> Iterator[list[dict[str, Any]]]:
    """A server where this site's Prefect is expected; what it was asked."""
    asked: list[dict[str, Any]] = []

    class Answers(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            asked.append({"path": self.path, "auth": self.headers["Authorization"], "body": json.loads(body)})
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = HTTPServer(("127.0.0.1", 0), Answers)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    announce(configuration, server.server_address[1])
    try:
        yield asked
    finally:
        server.shutdown()
        server.server_close()


def test_the_auth_string_is_made_once_and_only_its_owner_reads_it(configuration: Configuration) -> None:
    create_auth(configuration)
    path = configuration.keys / "prefect-auth"
    secret = path.read_text()
    assert path.stat().st_mode & 0o777 == 0o400
    user, _, password = secret.partition(":")
    assert user
    assert len(password) >= 32
    create_auth(configuration)
    assert path.read_text() == secret


def test_prefect_listens_on_loopback_and_reports_to_nobody(configuration: Configuration) -> None:
    create_auth(configuration)
    assert announce(configuration, 4711).startswith("http://127.0.0.1:4711/")
    variables = environment(configuration)
    assert variables["PREFECT_SERVER_ANALYTICS_ENABLED"] == "false"
    assert variables["DO_NOT_TRACK"] == "1"
    assert variables["PREFECT_LOGGING_TO_API_ENABLED"] == "false"
    assert variables["PREFECT_SERVER_ALLOW_EPHEMERAL_MODE"] == "false"
    assert variables["PREFECT_RESULTS_PERSIST_BY_DEFAULT"] == "false"
    assert variables["PREFECT_API_AUTH_STRING"] == (configuration.keys / "prefect-auth").read_text()
    assert variables["PREFECT_SERVER_API_AUTH_STRING"] == variables["PREFECT_API_AUTH_STRING"]
    assert Path(variables["PREFECT_HOME"]).is_relative_to(configuration.home)


def test_prefect_itself_understands_what_it_is_told(configuration: Configuration) -> None:
    create_auth(configuration)
    announce(configuration, 4711)
    program = """
from prefect.settings import get_current_settings
now = get_current_settings()
print(now.server.analytics_enabled, now.server.ephemeral.enabled, now.logging.to_api.enabled,
      now.results.persist_by_default, now.tasks.default_persist_result, now.server.ui.enabled)
print(now.api.url, now.api.auth_string is not None, now.server.api.auth_string is not None)
"""
    ran = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, **environment(configuration)},
        capture_output=True,
        text=True,
        check=True,
    )
    switches, reached = ran.stdout.splitlines()[-2:]
    assert switches == "False False False False False False"
    assert reached == "http://127.0.0.1:4711/api True True"


def test_before_a_server_was_started_there_is_none_to_talk_to(configuration: Configuration) -> None:
    create_auth(configuration)
    assert orchestration(configuration) is None
    assert "PREFECT_API_URL" not in environment(configuration)
    assert bell.ring(configuration) is False


def test_the_bell_tells_that_there_is_work_and_not_which(configuration: Configuration) -> None:
    create_auth(configuration)
    with answering(configuration, 201) as asked:
        assert bell.ring(configuration) is True
    (call,) = asked
    assert call["path"] == "/api/task_runs/"
    assert call["auth"].startswith("Basic ")
    assert call["body"]["task_key"] == bell.TASK_KEY
    assert not {"parameters", "tags", "task_inputs"} & set(call["body"])


def test_workers_that_have_enough_to_do_are_not_called(configuration: Configuration) -> None:
    create_auth(configuration)
    with answering(configuration, 201) as asked:
        rung = [bell.ring(configuration, waiting=waiting) for waiting in range(1, bell.AT_WORK + 3)]
    assert rung == [True] * bell.AT_WORK + [False] * 2
    assert len(asked) == bell.AT_WORK


def test_a_refusal_is_heard(configuration: Configuration) -> None:
    create_auth(configuration)
    with answering(configuration, 401):
        assert bell.ring(configuration) is False


def test_nobody_listening_is_no_error(configuration: Configuration) -> None:
    create_auth(configuration)
    announce(configuration, free_port())
    assert bell.ring(configuration) is False
    assert bell.prefect_answers(configuration) is False


def test_a_server_that_says_nothing_holds_nobody_up(configuration: Configuration) -> None:
    create_auth(configuration)
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        announce(configuration, silent.getsockname()[1])
        began = time.monotonic()
        assert bell.ring(configuration) is False
        assert time.monotonic() - began < bell.TIMEOUT_SECONDS + 2


def test_the_worker_answers_to_the_key_the_bell_rings() -> None:
    from flows.queue import wake

    assert wake.task_key == bell.TASK_KEY
