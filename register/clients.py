"""Clients: an opaque id outside, a sealed identity inside, found again by name and birth date.

Danger: the list of clients of a program is itself protected, whole or one by one. Invariants: what identifies a client
is ciphertext under that client's own data key; nothing sorts or searches by name in clear; a person who looks somebody
up, or looks at an identity, leaves a line in the audit log.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

from django.db import transaction
from django.db.models import Count

from register import agency, audit, due, facts, models, names, sealed, staff
from register.change import compare_and_set, the
from register.dates import month_end
from register.errors import RegisterError, RegisterErrorCode
from register.vocabulary import AuditVerb, ClientAge, StaffRole
from rules.draft import Identity
from rules.retention.days import Period

if TYPE_CHECKING:
    from pydantic import TypeAdapter

    from storage.vault import Vault

_IDENTITY = "identity"
_EIGHTEEN = Period.parse("P18Y")


@dataclass(frozen=True, slots=True)
class _Known:
    """What the sealed blob of a client holds."""

    identity: Identity
    former_names: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        return (self.identity.legal_name, *self.identity.also_known_as, *self.former_names)


def add(
    vault: Vault,
    identity: Identity,
    *,
    former_names: tuple[str, ...] = (),
    allow_namesake: bool = False,
    by: facts.Actor,
    now: dt.datetime,
) -> facts.Client:
    """Register a client.

    Args:
        former_names: names the client is also found by, never printed.
        allow_namesake: a person looked, and it is another human being with the same name and birth date.

    Raises:
        RegisterError: NOT_ALLOWED; NAME_NEEDED; POSSIBLE_DUPLICATE when somebody of that name and birth date is known.
    """
    staff.require(by, StaffRole.INTAKE)
    if not names.query_parts(identity.legal_name):
        raise RegisterError(RegisterErrorCode.NAME_NEEDED, "The client needs a legal name.", "Give it.")
    key = agency.search_key(vault)
    if not allow_namesake and _found(key, identity.legal_name, identity.birth_date):
        raise RegisterError(
            RegisterErrorCode.POSSIBLE_DUPLICATE,
            "A client with this name and birth date is registered.",
            "Find that client first; if it is another person, say so.",
        )
    client_id = uuid4()
    known = _Known(identity, former_names)
    blob = sealed.seal(vault, client_id, _IDENTITY, _dump(known))
    with transaction.atomic():
        row = models.Client.objects.create(
            id=client_id,
            sealed_identity=blob,
            birth_token=names.birth_token(key, identity.birth_date),
            added_at=now,
            **_age(identity.birth_date, agency.today(now)),
        )
        _write_tokens(key, row, known)
        audit.append(by, AuditVerb.CLIENT_ADDED, "client", client_id, now=now)
    return _fact(row)


def rename(vault: Vault, client_id: UUID, *, legal_name: str, by: facts.Actor, now: dt.datetime) -> facts.Client:
    """Give a client their new legal name; the former one still finds them. Signed statements stay as they are.

    Raises:
        RegisterError: NOT_ALLOWED, UNKNOWN_ID, NAME_NEEDED, MOVED_MEANWHILE.
    """
    staff.require(by, StaffRole.INTAKE)
    if not names.query_parts(legal_name):
        raise RegisterError(RegisterErrorCode.NAME_NEEDED, "The client needs a legal name.", "Give it.")
    row = kept(client_id)
    known = _open(vault, row)
    renamed = _Known(replace(known.identity, legal_name=legal_name), (*known.former_names, known.identity.legal_name))
    blob = sealed.seal(vault, client_id, _IDENTITY, _dump(renamed))
    key = agency.search_key(vault)
    with transaction.atomic():
        unchanged = models.Client.objects.filter(pk=client_id, sealed_identity=bytes(row.sealed_identity))
        compare_and_set(unchanged, sealed_identity=blob)
        _write_tokens(key, row, renamed)
        audit.append(by, AuditVerb.CLIENT_RENAMED, "client", client_id, now=now)
    return _fact(row)


def find(
    vault: Vault, name: str, birth_date: dt.date, *, by: facts.Actor, now: dt.datetime
) -> tuple[facts.Client, ...]:
    """The clients born that day whose names, current and former, hold every part of `name`.

    Parts match whole; accents, case, order and punctuation make no difference. The log tells who searched and how many
    were found, never what for.

    Raises:
        RegisterError: NOT_ALLOWED; NAME_NEEDED when `name` holds no letter or digit.
    """
    staff.require(by, StaffRole.INTAKE, StaffRole.WITNESS, StaffRole.RECORDS_OFFICER, StaffRole.COUNSEL)
    if not names.query_parts(name):
        raise RegisterError(RegisterErrorCode.NAME_NEEDED, "A search needs a name.", "Give at least one part of it.")
    found = _found(agency.search_key(vault), name, birth_date)
    with transaction.atomic():
        seen = tuple(str(row.id) for row in found)
        audit.append(by, AuditVerb.CLIENT_SEARCHED, "client", "", {"found": seen}, now=now)
    return tuple(_fact(row) for row in found)


def identity(vault: Vault, client_id: UUID, *, by: facts.Actor, now: dt.datetime) -> Identity:
    """The client's identity in clear. When a person looks, that is written down first.

    Raises:
        RegisterError: NOT_ALLOWED, UNKNOWN_ID.
    """
    row = kept(client_id)
    note_access(by, AuditVerb.IDENTITY_SEEN, "client", client_id, now)
    return _open(vault, row).identity


def identity_of(vault: Vault, client_id: UUID) -> Identity:
    """The same for other verbs of this room, which leave a line of their own.

    Raises:
        RegisterError: UNKNOWN_ID.
    """
    return _open(vault, kept(client_id)).identity


def kept(client_id: UUID) -> models.Client:
    """The row of a client of whom something is kept here; whoever writes about a client asks this first.

    Raises:
        RegisterError: UNKNOWN_ID, also where everything about them was destroyed.
    """
    row = the(models.Client.objects.all(), "client", client_id)
    if row.erased_at is not None:
        raise RegisterError(
            RegisterErrorCode.UNKNOWN_ID,
            "Everything about this client was destroyed under the retention schedule; only the id is left.",
            "Look for a newer one: confide client find. Or add them anew: confide client add.",
        )
    return row


def read_ages(vault: Vault, *, now: dt.datetime, limit: int = 500) -> int:
    """Note of clients added before anybody asked whether they were minors then; returns how many were read."""
    unread = models.Client.objects.filter(age=ClientAge.UNREAD.value).order_by("added_at", "id")[:limit]
    for row in unread:
        told = _age(_open(vault, row).identity.birth_date, agency.today(row.added_at))
        with transaction.atomic():
            compare_and_set(models.Client.objects.filter(pk=row.pk, age=ClientAge.UNREAD.value), **told)
            due.renew_of_client(row.pk, now=now)
    return len(unread)


def show(client_id: UUID) -> facts.Client:
    """The client with this id, as far as anybody may see.

    Raises:
        RegisterError: UNKNOWN_ID.
    """
    return _fact(the(models.Client.objects.all(), "client", client_id))


def note_access(by: facts.Actor, verb: AuditVerb, object_type: str, object_id: UUID, now: dt.datetime) -> None:
    """Let a person who works here look, and write it down; the machine's own reading leaves no line.

    Raises:
        RegisterError: NOT_ALLOWED.
    """
    if isinstance(by, facts.Person):
        staff.require(by, StaffRole.INTAKE, StaffRole.WITNESS, StaffRole.RECORDS_OFFICER, StaffRole.COUNSEL)
        with transaction.atomic():
            audit.append(by, verb, object_type, object_id, now=now)


def _age(born: dt.date, day: dt.date) -> dict[str, object]:
    """Whether somebody is a minor on `day`; the coming of age in clear only to the month, and of minors only."""
    eighteen = _EIGHTEEN.floor(born)
    if eighteen <= day:
        return {"age": ClientAge.ADULT.value, "of_age_on": None}
    return {"age": ClientAge.MINOR.value, "of_age_on": month_end(eighteen)}


def _found(key: bytes, name: str, birth_date: dt.date) -> list[models.Client]:
    tokens = [names.name_token(key, part) for part in names.query_parts(name)]
    matching = (
        models.NameToken.objects.filter(token__in=tokens, client__birth_token=names.birth_token(key, birth_date))
        .values("client")
        .annotate(parts=Count("token", distinct=True))
        .filter(parts=len(tokens))
    )
    ids = [one["client"] for one in matching]
    return list(models.Client.objects.filter(pk__in=ids).order_by("added_at", "id"))


def _write_tokens(key: bytes, row: models.Client, known: _Known) -> None:
    parts = {part for name in known.names for part in names.index_parts(name)}
    models.NameToken.objects.bulk_create(
        [models.NameToken(client=row, token=names.name_token(key, part)) for part in sorted(parts)],
        ignore_conflicts=True,
    )


@cache
def _adapter() -> TypeAdapter[_Known]:
    from pydantic import TypeAdapter

    return TypeAdapter(_Known)


def _dump(known: _Known) -> bytes:
    return _adapter().dump_json(known)


def _open(vault: Vault, row: models.Client) -> _Known:
    blob = sealed.open_sealed(vault, row.id, _IDENTITY, row.sealed_identity)
    from pydantic import ValidationError

    try:
        return _adapter().validate_json(blob)
    except ValidationError:
        damaged = row.id
    # raised out here, because pydantic's own error repeats the values it refuses
    raise ValueError(f"the identity of client {damaged} is not one")


def _fact(row: models.Client) -> facts.Client:
    return facts.Client(client_id=row.id, added_at=row.added_at)
