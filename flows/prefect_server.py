"""How Prefect's server is started: on loopback for one host, behind TLS for several, in SQLite or in PostgreSQL.

Danger: whoever holds the auth string can make workers run code; over a network in clear it is everybody's. Invariant:
the server listens beyond loopback only with a certificate, and the address that hosts are told begins with https.

`prefect server start` has no switch for TLS. It starts uvicorn with Prefect's application, and uvicorn has: so does
this.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from urllib.parse import quote, urlencode, urlsplit

from flows.bell import prefect_answers
from flows.supervisor import Part
from register.configuration import Configuration

_KEEP_ALIVE_SECONDS = "5"
_TLS = "PREFECT_SERVER_DATABASE_SQLALCHEMY_CONNECT_ARGS_TLS_"


@dataclass(frozen=True, slots=True, kw_only=True)
class PrefectDatabase:
    """A libpq address in the words of Prefect: SQLAlchemy's URL for asyncpg, and settings for TLS."""

    url: str = field(repr=False)
    tls: dict[str, str]


def server(configuration: Configuration, *, port: int) -> Part:
    """Prefect's server as a part to run. `port`: where on loopback, for a site of one host."""
    return Part(
        name="prefect",
        command=(sys.executable, "-m", *_command(configuration, port)),
        ready=lambda: prefect_answers(configuration),
        environment=_environment(configuration),
    )


def in_prefects_words(address: str) -> PrefectDatabase:
    """What libpq's address of a database is for Prefect. The password file (PGPASSFILE) is asyncpg's to read.

    Raises RegisterError CONFIGURATION for one that cannot be read.
    """
    from register.database import parsed

    told = parsed(address, "CONFIDE_PREFECT_DATABASE_URL")
    mode = told.get("sslmode", "")
    verified = mode in ("verify-ca", "verify-full")
    tls = {"ENABLED": "true", "CHECK_HOSTNAME": str(mode == "verify-full").lower()} if verified else {}
    for ours, theirs in (("sslrootcert", "CA_FILE"), ("sslcert", "CERT_FILE"), ("sslkey", "KEY_FILE")):
        if verified and told.get(ours):
            tls[theirs] = told[ours]
    # a socket's directory cannot stand where a host's name does
    host = told.get("host", "localhost")
    asked = {"host": host} if host.startswith("/") else {}
    asked |= {"ssl": mode} if mode and not verified else {}
    user = quote(told.get("user", ""), safe="") + (f":{quote(told['password'], safe='')}" if "password" in told else "")
    place = "" if "host" in asked else host
    port = f":{told['port']}" if told.get("port") and place else ""
    asked |= {"port": told["port"]} if told.get("port") and not place else {}
    query = f"?{urlencode(asked)}" if asked else ""
    name = quote(told.get("dbname", told.get("user", "")), safe="")
    return PrefectDatabase(
        url=f"postgresql+asyncpg://{user}@{place}{port}/{name}{query}",
        tls={_TLS + key: value for key, value in tls.items()},
    )


def _command(configuration: Configuration, port: int) -> tuple[str, ...]:
    if configuration.prefect_address is None:
        return ("prefect", "server", "start", "--host", "127.0.0.1", "--port", str(port), "--no-ui")
    listening = urlsplit(configuration.prefect_address)
    return (
        *("uvicorn", "--factory", "prefect.server.api.server:create_app"),
        *("--host", listening.hostname or "", "--port", str(listening.port or 443)),
        *("--ssl-certfile", str(configuration.prefect_certificate)),
        *("--ssl-keyfile", str(configuration.prefect_certificate_key)),
        *("--timeout-keep-alive", _KEEP_ALIVE_SECONDS, "--log-level", "warning", "--no-access-log"),
    )


def _environment(configuration: Configuration) -> dict[str, str]:
    told = {"PREFECT__SERVER_FINAL": "1"} if configuration.prefect_address else {}
    if configuration.prefect_database_url is None:
        return told
    database = in_prefects_words(configuration.prefect_database_url)
    return told | database.tls | {"PREFECT_SERVER_DATABASE_CONNECTION_URL": database.url}
