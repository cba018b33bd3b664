"""What went to medical personnel in an emergency: whole, sealed, in the accounting, and gone with the client."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from django.db import IntegrityError, transaction

from register import facts, ledger_facts
from register.errors import RegisterError, RegisterErrorCode
from register.vocabulary import HandoverMethod
from rules.emergency import Emergency, EmergencyGround
from rules.vocabulary import DisclosureBasis

if TYPE_CHECKING:
    from tests.register.conftest import World

TOLD = Emergency(
    ground=EmergencyGround.CONSENT_UNOBTAINABLE,
    to_medical_personnel=True,
    affiliation="Albany General Hospital",
    disclosed_by="Nadia Nightshift",
    nature="found unconscious after an overdose",
)
CALL = facts.Handover(
    method=HandoverMethod.SPOKEN, received_by="Dr. Meda Kelso", description="which medicines he takes"
)


def written(
    world: World, told: Emergency = TOLD, *, by: facts.Actor | None = None, ago: float = 12
) -> ledger_facts.Disclosure:
    from register import emergencies

    return emergencies.write_down(
        world.vault,
        world.ids.client,
        told,
        CALL,
        happened_at=world.now - dt.timedelta(minutes=ago),
        by=by or world.intake,
        now=world.now,
    )


def test_an_emergency_is_in_the_ledger_with_both_times_and_in_the_clients_accounting(world: World) -> None:
    from register import audit, emergencies, ledger

    row = written(world)
    assert (row.basis, row.statement_id, row.organization_id) == (DisclosureBasis.MEDICAL_EMERGENCY, None, None)
    assert (row.disclosed_at, row.written_at) == (world.now - dt.timedelta(minutes=12), world.now)
    (line,) = ledger.accounting(world.vault, world.ids.client, by=world.counsel, now=world.now)
    assert (line.organization, line.received_by, line.description) == (
        "Albany General Hospital",
        "Dr. Meda Kelso",
        "which medicines he takes",
    )
    (entry,) = audit.entries(row.disclosure_id)
    assert (entry.verb, entry.details["basis"]) == ("disclosed", "medical_emergency")
    (kept,) = emergencies.of_client(world.vault, world.ids.client, by=world.counsel, now=world.now)
    assert (kept.emergency, kept.line) == (TOLD, line)
    assert audit.entries(world.ids.client)[0].verb == "ledger_seen"


def test_who_writes_it_down_disclosed_it_unless_somebody_else_is_named(world: World) -> None:
    from register import emergencies

    written(world, replace(TOLD, disclosed_by=""))
    (kept,) = emergencies.of_client(world.vault, world.ids.client, by=world.counsel, now=world.now)
    assert kept.emergency == replace(TOLD, disclosed_by="Ines Intake")


def test_nothing_of_it_stands_in_clear_in_its_row_nor_in_the_audit_log(world: World) -> None:
    from register import models

    row = written(world)
    kept = models.Disclosure.objects.filter(pk=row.disclosure_id).values().get()
    lines = models.AuditEntry.objects.values()
    told = b" ".join(bytes(value) if isinstance(value, bytes | memoryview) else str(value).encode()
                     for one in (kept, *lines) for value in one.values())  # fmt: skip
    for word in (b"Kelso", b"Albany General", b"Nightshift", b"overdose", b"medicines"):
        assert word not in told


def test_what_is_not_whole_or_no_emergency_is_refused_and_nothing_is_written(world: World) -> None:
    from register import audit, ledger

    noted = audit.head()
    for told, field in (
        (replace(TOLD, nature=" "), "nature"),
        (replace(TOLD, affiliation=""), "affiliation"),
        (replace(TOLD, ground=None), "ground"),
        (replace(TOLD, to_medical_personnel=False), "to_medical_personnel"),
    ):
        with pytest.raises(RegisterError) as error:
            written(world, told)
        assert [one.finding.field for one in error.value.findings] == [field]
    with pytest.raises(RegisterError) as error:
        written(world, ago=-5)
    assert [one.finding.authority for one in error.value.findings] == ["42 CFR 2.51(c)(3)"]
    assert ledger.of_client(world.ids.client) == ()
    assert audit.head() == noted


def test_an_emergency_is_written_down_while_the_program_is_not_classified(world: World) -> None:
    from register import agency
    from rules.vocabulary import ProgramClass

    agency.classify(frozenset({ProgramClass.UNKNOWN}), by=world.administrator, now=world.now)
    assert written(world).basis is DisclosureBasis.MEDICAL_EMERGENCY


def test_neither_machine_nor_administrator_writes_one_down_or_reads_it(world: World) -> None:
    from register import emergencies

    for by in (world.UPKEEP, world.administrator):
        with pytest.raises(RegisterError) as error:
            written(world, by=by)
        assert error.value.code is RegisterErrorCode.NOT_ALLOWED
    with pytest.raises(RegisterError) as error:
        emergencies.of_client(world.vault, world.ids.client, by=world.administrator, now=world.now)
    assert error.value.code is RegisterErrorCode.NOT_ALLOWED


def test_only_an_emergency_has_what_an_emergency_must_say(world: World) -> None:
    from register import models

    row = written(world)
    with pytest.raises(IntegrityError), transaction.atomic():
        models.Disclosure.objects.filter(pk=row.disclosure_id).update(basis=DisclosureBasis.CONSENT.value)
