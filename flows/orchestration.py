"""Prefect's surroundings: where its server listens, the secret it asks for, and what it must not do.

Danger: Prefect writes parameters, names and messages into its database in clear, and phones home by default.
Invariant: it gets opaque ids only, listens on loopback (or, for several hosts, behind TLS) with an auth string made at
set-up, and reports to nobody.
"""

from __future__ import annotations

import base64
import os
import secrets
import socket
from dataclasses import dataclass
from pathlib import Path

from register.configuration import Configuration
from storage.places import publish

AUTH_FILE = "prefect-auth"
URL_FILE = "prefect.url"


@dataclass(frozen=True, slots=True)
class Orchestration:
    """How to reach the Prefect server of this site."""

    api_url: str
    """Ends in `/api`."""
    auth: str
    """`user:password`, as Prefect's auth string is written."""
    ca_file: str | None = None
    """Root certificates (PEM) that an https server must prove itself by; the machine's own when None."""

    @property
    def authorization(self) -> str:
        """The value of an HTTP `Authorization` header."""
        return "Basic " + base64.b64encode(self.auth.encode()).decode()


def create_auth(configuration: Configuration) -> None:
    """Make the auth string of this site, once; kept beside the keys, mode 0400."""
    path = configuration.keys / AUTH_FILE
    if not path.exists():
        # whole or not at all: half of one, from a set-up that was cut off, would be believed ever after
        publish(path, ("confide:" + secrets.token_urlsafe(32)).encode())


def orchestration(configuration: Configuration) -> Orchestration | None:
    """The server to talk to: `PREFECT_API_URL` where set, else the one `confide serve` started, else none."""
    auth_path = configuration.keys / AUTH_FILE
    auth = os.environ.get("PREFECT_API_AUTH_STRING") or (auth_path.read_text() if auth_path.exists() else "")
    url_path = configuration.run / URL_FILE
    url = os.environ.get("PREFECT_API_URL") or (url_path.read_text() if url_path.exists() else "")
    ca_file = os.environ.get("PREFECT_API_SSL_CERT_FILE") or None
    return Orchestration(api_url=url, auth=auth, ca_file=ca_file) if url and auth else None


def announce(configuration: Configuration, port: int) -> str:
    """Write down where the embedded server listens, for the other processes of this host; returns its URL.

    `port`: on loopback, unless the site tells an address for several hosts.
    """
    told = configuration.prefect_address
    url = f"{told.rstrip('/')}/api" if told else f"http://127.0.0.1:{port}/api"
    path = configuration.run / URL_FILE
    staged = path.with_suffix(".new")
    staged.write_text(url)
    staged.replace(path)
    return url


def forget(configuration: Configuration) -> None:
    """No server of this host: what an earlier `confide serve` wrote down is not believed."""
    (configuration.run / URL_FILE).unlink(missing_ok=True)


def free_port() -> int:
    """A TCP port on loopback that nobody uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def environment(configuration: Configuration, *, home: Path | None = None) -> dict[str, str]:
    """Environment variables for every process that is, or talks to, this site's Prefect."""
    reached = orchestration(configuration)
    variables = {
        "PREFECT_HOME": str(home or configuration.home / "prefect"),
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "DO_NOT_TRACK": "1",
        # log lines of a run would land in Prefect's database
        "PREFECT_LOGGING_TO_API_ENABLED": "false",
        "PREFECT_LOGGING_LEVEL": "WARNING",
        # a slow machine must wait for the server, never start a hidden one of its own
        "PREFECT_SERVER_ALLOW_EPHEMERAL_MODE": "false",
        "PREFECT_SERVER_UI_ENABLED": "false",
        "PREFECT_TASKS_DEFAULT_PERSIST_RESULT": "false",
        "PREFECT_RESULTS_PERSIST_BY_DEFAULT": "false",
        "PREFECT_SERVER_MEMO_STORE_PATH": str((home or configuration.home / "prefect") / "memo_store.toml"),
    }
    if reached is not None:
        variables["PREFECT_API_URL"] = reached.api_url
        variables["PREFECT_API_AUTH_STRING"] = reached.auth
        variables["PREFECT_SERVER_API_AUTH_STRING"] = reached.auth
    return variables
