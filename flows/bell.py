"""The bell: tells a waiting worker that the register holds work, without saying which.

A Prefect background call without parameters, made through Prefect's public REST interface, because importing Prefect
takes two seconds and a request must not wait for that. Nothing depends on the bell: the worker also looks into the
register by itself, so with Prefect down the request is taken all the same and only starts a moment later.
"""

from __future__ import annotations

import http.client
import json
import ssl
from urllib.parse import urlsplit
from uuid import uuid4

from flows.orchestration import orchestration
from register.configuration import Configuration

TASK_KEY = "confide.wake"
AT_WORK = 4
"""With more than so many pieces of work waiting every worker is awake, and none rests before nothing waits."""
TIMEOUT_SECONDS = 1.0


def ring(configuration: Configuration, *, waiting: int = 1) -> bool:
    """Wake a worker; returns whether Prefect took the call.

    `waiting`: the pieces of work that wait, this one among them. Beyond `AT_WORK` nobody is called: two hundred calls
    that find nothing left to do cost Prefect and the worker as much as fifty documents (measured).

    Never raises: what the bell misses, the worker's own look into the register finds.
    """
    if waiting > AT_WORK:
        return False
    call = {
        "name": f"wake-{uuid4().hex[:8]}",
        "task_key": TASK_KEY,
        "dynamic_key": str(uuid4()),
        "state": {"type": "SCHEDULED", "name": "Scheduled", "state_details": {"deferred": True}},
    }
    return _ask(configuration, "POST", "/task_runs/", json.dumps(call))


def prefect_answers(configuration: Configuration) -> bool:
    """Whether the Prefect server is up, asked at its health address."""
    return _ask(configuration, "GET", "/health", None)


def _ask(configuration: Configuration, method: str, path: str, body: str | None) -> bool:
    reached = orchestration(configuration)
    if reached is None:
        return False
    target = urlsplit(reached.api_url)
    host = target.hostname or "127.0.0.1"
    headers = {"Content-Type": "application/json", "Authorization": reached.authorization}
    connection = http.client.HTTPConnection(host, target.port, timeout=TIMEOUT_SECONDS)
    try:
        if target.scheme == "https":
            trust = ssl.create_default_context(cafile=reached.ca_file)
            connection = http.client.HTTPSConnection(host, target.port, timeout=TIMEOUT_SECONDS, context=trust)
        connection.request(method, target.path + path, body, headers)
        return 200 <= connection.getresponse().status < 300
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
