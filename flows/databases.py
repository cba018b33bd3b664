"""`doctor` on a site's databases: what servers they lie on, who may enter, and what the server writes down beside.

Danger: a server that answers looks well, and may sync nothing, log every value, or let the register's role read keys.
Invariant: every line rests on what the server itself says of this very connection.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import psycopg
from psycopg.conninfo import conninfo_to_dict

from register.configuration import Configuration
from storage.findings import Level

_OLDEST = 14
"""Major versions below are not supported by PostgreSQL any more (November 2026)."""
_TRIED = 15
"""What the tests run on."""
_ASKED = (
    "SELECT current_setting('server_version_num')::int / 10000, current_setting('server_version'),"
    " (SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()), inet_server_addr() IS NULL,"
    " inet_server_addr() <<= inet '127.0.0.0/8' OR inet_server_addr() = inet '::1',"
    " (SELECT rolsuper OR rolcreaterole FROM pg_roles WHERE rolname = current_user),"
    " current_setting('fsync') = 'on' AND current_setting('full_page_writes') = 'on',"
    " current_setting('log_statement') IN ('mod', 'all') OR current_setting('log_min_duration_statement') <> '-1',"
    " current_setting('archive_mode') <> 'off',"
    " current_database(), pg_postmaster_start_time(), inet_server_addr(), inet_server_port()"
)
_MAY_ENTER = "SELECT has_database_privilege(%s, %s, 'CONNECT')"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing seen at a database."""

    level: Level
    sentence: str
    remedy: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Seen:
    """What a server said of one connection."""

    major: int
    version: str
    tls: bool
    by_socket: bool
    on_loopback: bool
    almighty: bool
    """Superuser, or may make roles."""
    syncs: bool
    logs_statements: bool
    archives: bool
    place: tuple[object, ...]
    """The same for two connections to one database."""


def examined(configuration: Configuration) -> Iterator[Finding]:
    """Every database of the site that lies on a server; one line where none does."""
    addresses = {
        name: url
        for name, url in (
            ("register", configuration.database_url if configuration.on_postgresql else None),
            ("keyring", configuration.keyring_url if configuration.keyring_on_postgresql else None),
            ("Prefect", configuration.prefect_database_url),
        )
        if url
    }
    if not addresses:
        yield Finding(level=Level.OK, sentence="Register and keyring are files of this host (SQLite).")
        return
    seen: dict[str, _Seen] = {}
    for name, url in addresses.items():
        found = _look(url)
        if found is None:
            yield Finding(
                level=Level.PROBLEM,
                sentence=f"The database of the {name} does not answer, or does not let this role in.",
                remedy="Check its setting, the password file (PGPASSFILE) and the server's certificate.",
            )
            continue
        seen[name] = found
        yield from _of_one(name, url, found)
    yield from _apart(addresses, seen)
    if "register" in seen and "keyring" not in addresses:
        yield Finding(
            level=Level.NOTE,
            sentence="The keyring is a file of this host: no second host can work on this site.",
            remedy="For several hosts set CONFIDE_KEYRING_URL to a database of its own.",
        )


def _look(url: str) -> _Seen | None:
    try:
        with psycopg.connect(url, connect_timeout=10, application_name="confide-doctor") as connection:
            row = connection.execute(_ASKED.encode()).fetchone()
    except psycopg.Error:
        return None
    if row is None:
        return None
    return _Seen(
        major=row[0], version=row[1], tls=bool(row[2]), by_socket=row[3], on_loopback=bool(row[4]), almighty=row[5],
        syncs=row[6], logs_statements=row[7], archives=row[8], place=tuple(row[9:]),
    )  # fmt: skip


def _of_one(name: str, url: str, seen: _Seen) -> Iterator[Finding]:
    told = conninfo_to_dict(url)
    yield _version(name, seen)
    if not seen.by_socket and not seen.on_loopback:
        yield _transport(name, str(told.get("sslmode") or ""), seen)
    if not seen.syncs:
        yield Finding(
            level=Level.PROBLEM,
            sentence=f"The server of the {name} may lose what it answered as stored: fsync or full_page_writes is off.",
            remedy="Switch both on in postgresql.conf: a power cut would damage the database.",
        )
    if seen.almighty:
        yield Finding(
            level=Level.PROBLEM,
            sentence=f"The role of the {name} may do everything on its server.",
            remedy="Use the roles of deploy/postgresql/roles.sql.",
        )
    if seen.logs_statements:
        yield Finding(
            level=Level.NOTE,
            sentence=f"The server of the {name} logs statements, and with them sealed fields, keyed hashes and ids.",
            remedy="Set log_parameter_max_length = 0, or log_statement = none and log_min_duration_statement = -1.",
        )
    if name == "keyring" and seen.archives:
        yield Finding(
            level=Level.NOTE,
            sentence="The keyring's server archives its write-ahead log: destroyed keys stay there, wrapped, until "
            "their epoch ends.",
            remedy="Keep that archive no longer than an epoch, or give the keyring a server that archives nothing.",
        )
    if told.get("password"):
        yield Finding(
            level=Level.NOTE,
            sentence=f"The password of the {name}'s role stands in its setting, which every child process inherits.",
            remedy="Put it into a password file of mode 0600 (PGPASSFILE, or ~/.pgpass).",
        )


def _version(name: str, seen: _Seen) -> Finding:
    if seen.major < _OLDEST:
        return Finding(
            level=Level.PROBLEM,
            sentence=f"The {name} lies on PostgreSQL {seen.version}, which gets no security updates any more.",
            remedy=f"Upgrade the server; Confide is tested on {_TRIED}.",
        )
    return Finding(level=Level.OK, sentence=f"The {name} answers, on PostgreSQL {seen.version}.")


def _transport(name: str, mode: str, seen: _Seen) -> Finding:
    if not seen.tls:
        return Finding(
            level=Level.PROBLEM,
            sentence=f"The connection to the {name} is not encrypted.",
            remedy="Add ?sslmode=verify-full&sslrootcert=FILE to its setting, and hostssl lines to pg_hba.conf.",
        )
    if mode != "verify-full":
        return Finding(
            level=Level.PROBLEM,
            sentence=f"The connection to the {name} is encrypted, but the server does not have to prove who it is.",
            remedy="Add sslmode=verify-full and sslrootcert=FILE to its setting.",
        )
    return Finding(level=Level.OK, sentence=f"The connection to the {name} is encrypted, and its server proved itself.")


def _apart(addresses: dict[str, str], seen: dict[str, _Seen]) -> Iterator[Finding]:
    """Whether register, keyring and Prefect are databases of their own, and the keyring is closed to the others."""
    names = list(seen)
    for index, one in enumerate(names):
        for other in names[index + 1 :]:
            if seen[one].place == seen[other].place:
                yield Finding(
                    level=Level.PROBLEM,
                    sentence=f"The {one} and the {other} lie in one database.",
                    remedy="Give each a database and a role of its own: deploy/postgresql/roles.sql.",
                )
    if "keyring" not in seen:
        return
    for name in names:
        if name == "keyring" or seen[name].place[1:] != seen["keyring"].place[1:]:
            continue
        with psycopg.connect(addresses[name], connect_timeout=10) as connection:
            role = connection.execute("SELECT current_user::text").fetchone()
            may = connection.execute(
                _MAY_ENTER.encode(), (role[0] if role else "", seen["keyring"].place[0])
            ).fetchone()
        if may and may[0] and seen[name].place != seen["keyring"].place:
            yield Finding(
                level=Level.PROBLEM,
                sentence=f"The role of the {name} may enter the keyring's database.",
                remedy="REVOKE CONNECT ON DATABASE of the keyring FROM PUBLIC: deploy/postgresql/roles.sql.",
            )
