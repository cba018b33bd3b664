"""What upkeep does to statements and records: each duty finds what is due, mends it once, and tells the rest."""

from __future__ import annotations

import datetime as dt
import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from flows.found import FOR_A_PERSON, Kind
from register.vocabulary import ObjectArea, SealingState
from rules.draft import Expiry
from rules.vocabulary import Proof, SignerRole, StatementState
from signing.verify import Outcome, verify
from storage.protocol import Area
from tests.flows.conftest import LATE, SilentStamper, found, kinds
from tests.flows.test_safekeeping import put_under_hold

if TYPE_CHECKING:
    from register.facts import Record, Statement
    from signing.authority import Authority
    from tests.flows.conftest import Setting


def outcome(setting: Setting, record: Record) -> Outcome:
    pdf = setting.site.vault.get(record.object_id, Area.RECORDS, version_id=record.version_id)
    assert hashlib.sha256(pdf).hexdigest() == record.document_sha256
    return verify(pdf, roots=[setting.site.authority.root_der]).outcome


def damage(setting: Setting, record: Record) -> None:
    path = setting.file_of(record.object_id)
    raw = bytearray(path.read_bytes())
    raw[len(raw) // 2] ^= 1
    path.chmod(0o600)
    path.write_bytes(raw)


def part_signed(setting: Setting, pdf: bytes, after: dt.timedelta = dt.timedelta(0)) -> Statement:
    """A statement presented on the day its bytes were certified and signed by the client so long `after`."""
    today = setting.now
    setting.world.now = setting.papers.certified_at
    row = setting.presented()
    setting.world.now += after
    row = setting.signed(row, SignerRole.CLIENT, pdf)
    setting.world.now = today
    return row


def on_day(setting: Setting, days: float) -> dt.datetime:
    """So many days after the papers were certified."""
    return setting.papers.certified_at + dt.timedelta(days=days)


# --- what time does to statements -------------------------------------------------------------------------------------


def test_a_statement_is_in_force_on_its_last_day_and_expires_the_day_after(setting: Setting) -> None:
    from register import agency, statements

    last = agency.today(setting.now) + dt.timedelta(days=9)
    record = setting.kept(expiry=Expiry(date=last))
    noon = dt.datetime.combine(last, dt.time(17), tzinfo=dt.UTC)
    assert found(setting, "expire", noon) == []
    assert statements.show(record.statement_id).state is StatementState.ACTIVE

    told = found(setting, "expire", noon + dt.timedelta(days=1))
    assert [(each.kind, each.subject) for each in told] == [(Kind.EXPIRED, str(record.statement_id))]
    assert statements.show(record.statement_id).state is StatementState.EXPIRED
    assert found(setting, "expire", noon + dt.timedelta(days=2)) == [], "it expires once"


def test_the_day_a_statement_ends_is_the_agencys_own_and_not_greenwichs(setting: Setting) -> None:
    from register import agency

    last = agency.today(setting.now) + dt.timedelta(days=9)
    setting.kept(expiry=Expiry(date=last))
    already_tomorrow_in_greenwich = dt.datetime.combine(last + dt.timedelta(days=1), dt.time(2), tzinfo=dt.UTC)
    assert found(setting, "expire", already_tomorrow_in_greenwich) == []


def test_a_statement_that_ends_by_an_event_expires_by_no_date(setting: Setting) -> None:
    setting.kept(expiry=Expiry(event="the end of my tenancy"))
    assert found(setting, "expire", setting.later(days=3000)) == []


def test_what_the_client_never_signed_is_void_after_thirty_days_and_its_bytes_are_gone(
    setting: Setting,
) -> None:
    from register import objects, statements

    row = setting.presented()
    assert found(setting, "void_never_signed", setting.later(days=29.9)) == []
    assert kinds(found(setting, "void_never_signed", setting.later(days=30.1))) == [Kind.VOIDED]
    after = statements.show(row.statement_id)
    assert (after.state, after.working_object_id) == (StatementState.VOID, None)
    assert not setting.site.vault.store.stat(Area.WORKING, row.working_object_id)
    assert objects.show(row.working_object_id).state == "gone"
    assert found(setting, "void_never_signed", setting.later(days=31)) == []


def test_what_ends_before_everybody_signed_is_void_the_day_after_its_last_and_its_bytes_are_gone(
    setting: Setting,
) -> None:
    from register import agency, statements

    last = agency.today(setting.now) + dt.timedelta(days=5)
    row = setting.presented(expiry=Expiry(date=last))
    begun = setting.signed(setting.presented(expiry=Expiry(date=last)), SignerRole.CLIENT, setting.papers.by_client)
    setting.presented(expiry=Expiry(date=last + dt.timedelta(days=1)))
    noon = dt.datetime.combine(last, dt.time(17), tzinfo=dt.UTC)
    assert found(setting, "void_over", noon) == []
    assert kinds(found(setting, "void_over", noon + dt.timedelta(days=1), dry=True)) == [Kind.VOIDED] * 2
    told = found(setting, "void_over", noon + dt.timedelta(days=1))
    assert {each.subject for each in told} == {str(row.statement_id), str(begun.statement_id)}
    assert kinds(told) == [Kind.VOIDED] * 2
    after = statements.show(row.statement_id)
    assert (after.state, after.working_object_id) == (StatementState.VOID, None)
    assert not setting.site.vault.store.stat(Area.WORKING, row.working_object_id)
    assert found(setting, "void_over", noon + dt.timedelta(days=1)) == []


def test_what_somebody_signed_before_its_end_stays_while_a_hold_covers_it(setting: Setting) -> None:
    from register import agency, statements

    last = agency.today(setting.now) + dt.timedelta(days=5)
    begun = setting.signed(setting.presented(expiry=Expiry(date=last)), SignerRole.CLIENT, setting.papers.by_client)
    put_under_hold(setting, client_id=setting.world.ids.client)
    assert found(setting, "void_over", setting.later(days=7)) == []
    assert statements.show(begun.statement_id).working_object_id


def test_what_everybody_signed_in_time_is_sealed_and_not_void_though_its_end_came_meanwhile(setting: Setting) -> None:
    from register import agency, statements

    last = agency.today(setting.now) + dt.timedelta(days=5)
    row = setting.signed(setting.presented(expiry=Expiry(date=last)), SignerRole.CLIENT, setting.papers.by_client)
    row = setting.signed(row, SignerRole.WITNESS, setting.papers.by_both)
    assert found(setting, "void_over", setting.later(days=7)) == []
    assert statements.show(row.statement_id).sealing is SealingState.REQUESTED


def test_what_somebody_signed_is_not_void_for_want_of_the_others(setting: Setting) -> None:
    part_signed(setting, setting.papers.by_client)
    assert found(setting, "void_never_signed", setting.later(days=400)) == []


def test_a_part_signed_statement_is_archived_on_its_twentieth_day_and_the_witness_may_still_sign(
    setting: Setting,
) -> None:
    from register import statements
    from signing import seal

    row = part_signed(setting, setting.papers.by_client)
    assert found(setting, "stamp_part_signed", on_day(setting, 19.9)) == []
    assert kinds(found(setting, "stamp_part_signed", on_day(setting, 20.1), dry=True)) == [Kind.STAMPED]
    assert kinds(found(setting, "stamp_part_signed", on_day(setting, 20.1))) == [Kind.STAMPED]

    after = statements.show(row.statement_id)
    assert (after.state, after.revision) == (StatementState.PRESENTED, row.revision + 1)
    pdf = setting.site.vault.get(after.working_object_id, Area.WORKING, version_id=after.working_version_id)
    assert hashlib.sha256(pdf).hexdigest() == after.document_sha256
    assert seal.deadlines(pdf).window_ends is None, "nothing in it waits for a stamp any more"
    assert not setting.site.vault.store.stat(Area.WORKING, row.working_object_id), "the former bytes are destroyed"
    assert found(setting, "stamp_part_signed", setting.later(days=2)) == []


def test_a_part_signed_statement_that_cannot_be_read_is_told_and_keeps_no_other_from_its_stamp(
    setting: Setting,
) -> None:
    rows = [part_signed(setting, setting.papers.by_client) for _ in range(3)]
    lost = min(rows, key=lambda row: row.statement_id)
    assert lost.working_object_id
    setting.site.vault.store.destroy(Area.WORKING, lost.working_object_id)
    told = {each.subject: each.kind for each in found(setting, "stamp_part_signed", on_day(setting, 20.1))}
    assert told == {str(row.statement_id): Kind.DAMAGED if row is lost else Kind.STAMPED for row in rows}


def test_what_is_archived_already_is_no_error_of_the_night(setting: Setting) -> None:
    part_signed(setting, setting.papers.by_client_archived)
    assert found(setting, "stamp_part_signed", on_day(setting, 25)) == []


@pytest.mark.parametrize("day", [20.1, 25, 29.5])
def test_a_client_who_signs_late_has_the_days_of_the_organizations_certification_and_not_thirty_of_their_own(
    setting: Setting, day: float
) -> None:
    from register import statements

    row = part_signed(setting, setting.papers.by_client_late, after=LATE)
    assert found(setting, "stamp_part_signed", on_day(setting, 19)) == []
    assert kinds(found(setting, "stamp_part_signed", on_day(setting, day))) == [Kind.STAMPED]
    assert statements.show(row.statement_id).revision == row.revision + 1


def test_whatever_is_signed_before_a_statement_is_void_for_want_of_it_has_two_nights_to_be_stamped() -> None:
    from flows.duties.statement_life import NEVER_SIGNED_AFTER
    from signing.opened import TIME_TO_ARCHIVE

    assert dt.timedelta(days=30) == NEVER_SIGNED_AFTER
    assert TIME_TO_ARCHIVE.days >= 2


def test_who_signs_after_the_stamp_uses_no_further_one_up_before_it_is_needed(setting: Setting) -> None:
    from register import models
    from signing import appearance, chain

    began, site = setting.papers.certified_at, setting.site
    look = appearance.typed("Nobody Real", began, role_line="witness")
    witnessed = chain.sign(
        setting.papers.by_client_archived, site.authority, site.stamper, role="witness", signer_name="Nobody Real",
        act_id="ACT", appearance=look, reason="I do", now=on_day(setting, 20.5),
    ).pdf  # fmt: skip
    row = part_signed(setting, witnessed)
    assert found(setting, "stamp_part_signed", on_day(setting, 21)) == []
    assert found(setting, "stamp_part_signed", on_day(setting, 40)) == []
    assert kinds(found(setting, "stamp_part_signed", on_day(setting, 41))) == [Kind.STAMPED]
    assert models.Statement.objects.get(pk=row.statement_id).stamped_at is not None


def test_a_part_signed_statement_whose_thirty_days_are_over_is_told_to_a_person(setting: Setting) -> None:
    row = part_signed(setting, setting.papers.by_client)
    assert kinds(found(setting, "stamp_part_signed", on_day(setting, 31), dry=True)) == [Kind.WINDOW_CLOSED]
    told = found(setting, "stamp_part_signed", on_day(setting, 31))
    assert [(each.kind, each.subject) for each in told] == [(Kind.WINDOW_CLOSED, str(row.statement_id))]
    assert told[0].remedy


def test_a_silent_time_stamp_authority_leaves_a_part_signed_statement_as_it_is_and_is_told(setting: Setting) -> None:
    from register import objects, statements

    row = part_signed(setting, setting.papers.by_client)
    before = objects.orphans(older_than=setting.later(days=1))
    setting.site.stamper = SilentStamper()
    told = found(setting, "stamp_part_signed")
    assert kinds(told) == [Kind.WITHOUT_TIME]
    assert told[0].remedy
    assert statements.show(row.statement_id) == row
    assert objects.orphans(older_than=setting.later(days=1)) == before


# --- what is owed to records ------------------------------------------------------------------------------------------


def test_a_record_sealed_without_time_is_upgraded_once_the_authority_answers(setting: Setting) -> None:
    from register import records, statements

    record = setting.kept(setting.papers.sealed_without_time, proof=Proof.SEALED_WITHOUT_TIME)
    assert outcome(setting, record) is Outcome.SEALED_WITHOUT_TIME

    answering, setting.site.stamper = setting.site.stamper, SilentStamper()
    told = found(setting, "upgrade")
    assert kinds(told) == [Kind.WITHOUT_TIME]
    assert told[0].remedy
    assert records.show(record.record_id).proof is Proof.SEALED_WITHOUT_TIME

    setting.site.stamper = answering
    assert kinds(found(setting, "upgrade")) == [Kind.UPGRADED]
    after = records.show(record.record_id)
    assert (after.object_id, after.proof) == (record.object_id, Proof.SEALED)
    assert statements.show(record.statement_id).proof is Proof.SEALED
    assert outcome(setting, after) is Outcome.ACCEPTED
    locks = {version.retain_until for version in setting.site.vault.store.stat(Area.RECORDS, record.object_id)}
    assert locks == {record.retain_until}, "the longer proof lies under the same lock"
    assert found(setting, "upgrade") == []


def test_an_upgrade_that_comes_too_late_is_told_and_not_made(setting: Setting) -> None:
    from register import records

    record = setting.kept(setting.papers.sealed_without_time, proof=Proof.SEALED_WITHOUT_TIME)
    told = found(setting, "upgrade", setting.later(days=10))
    assert kinds(told) == [Kind.WINDOW_CLOSED]
    assert records.show(record.record_id).version_id == record.version_id


def test_a_lock_that_reaches_a_year_ahead_is_let_be_and_a_shorter_one_is_extended_once_a_month(
    setting: Setting,
) -> None:
    from flows.sealing import lock_until
    from register import records

    record = setting.kept()
    assert found(setting, "extend_locks") == []
    extended = []
    for days in range(0, 200, 5):
        moment = setting.later(days=days)
        if found(setting, "extend_locks", moment):
            extended.append(moment)
            after = records.show(record.record_id)
            assert after.retain_until == lock_until(moment)
            (version,) = setting.site.vault.store.stat(Area.RECORDS, record.object_id)
            assert version.retain_until == after.retain_until
    assert len({(moment.year, moment.month) for moment in extended}) == len(extended)
    assert 3 <= len(extended) <= 7
    assert found(setting, "reconcile", setting.later(days=200)) == []


def test_bytes_that_are_lost_keep_no_other_record_from_its_longer_lock(setting: Setting) -> None:
    from flows.sealing import lock_until
    from register import records

    kept = [setting.kept(), setting.kept(), setting.kept()]
    lost = min(kept, key=lambda record: record.record_id)
    setting.file_of(lost.object_id).unlink()
    moment = setting.later(days=200)
    told = found(setting, "extend_locks", moment)
    assert [(each.kind, each.subject, each.detail) for each in told] == [
        (Kind.EXTENDED, "records", "2"),
        (Kind.LOCK_SHORTER, "records", "1"),
    ]
    for record in kept:
        if record is not lost:
            assert records.show(record.record_id).retain_until == lock_until(moment)


def test_a_record_whose_sealer_died_before_the_lock_is_locked_in_the_night(setting: Setting) -> None:
    record = setting.kept()
    setting.file_of(record.object_id).with_name(setting.file_of(record.object_id).name + ".lock").unlink()
    told = found(setting, "extend_locks")
    # by number alone: a lock that grows past a record's date would tell on whom a hold stands
    assert [(each.kind, each.subject, each.detail) for each in told] == [(Kind.EXTENDED, "records", "1")]
    (version,) = setting.site.vault.store.stat(Area.RECORDS, record.object_id)
    assert version.retain_until == record.retain_until
    assert found(setting, "extend_locks") == []


def test_every_whole_record_is_proved(setting: Setting) -> None:
    record = setting.kept()
    assert [(each.kind, each.subject) for each in found(setting, "prove", setting.later(hours=1))] == [
        (Kind.PROVED, str(record.record_id))
    ]


def test_one_changed_byte_is_told_as_damage_and_stops_no_other_proof(setting: Setting) -> None:
    broken, whole = setting.kept(), setting.kept()
    damage(setting, broken)
    told = {each.subject: each.kind for each in found(setting, "prove", setting.later(days=31))}
    assert told == {str(broken.record_id): Kind.DAMAGED, str(whole.record_id): Kind.PROVED}


def test_each_night_reads_its_share_and_every_record_is_read_once_in_the_cycle(setting: Setting) -> None:
    records = {str(setting.kept().record_id) for _ in range(7)}
    setting.site.configuration = replace(setting.site.configuration, fixity_days=3)
    nights = [[each.subject for each in found(setting, "prove", setting.later(days=day))] for day in range(1, 7)]
    assert [len(night) for night in nights] == [3, 3, 3, 3, 3, 3]
    assert {*nights[0], *nights[1], *nights[2]} == records
    assert len({*nights[0], *nights[1]}) == 6, "nobody is read again before the others"
    assert found(setting, "prove", setting.later(days=30)) != [], "whoever skipped nights catches up"
    assert {each.subject for each in found(setting, "prove", setting.later(days=60))} == records


def test_a_record_that_is_not_whole_is_told_every_night_and_takes_nobodys_turn(setting: Setting) -> None:
    broken, whole = setting.kept(), [setting.kept() for _ in range(3)]
    damage(setting, broken)
    setting.site.configuration = replace(setting.site.configuration, fixity_days=4)
    nights = [found(setting, "prove", setting.later(days=day)) for day in range(1, 9)]
    damaged = [each for night in nights for each in night if each.kind is Kind.DAMAGED]
    assert len(damaged) >= 5, "from the first night it is found on"
    assert {each.subject for each in damaged} == {str(broken.record_id)}
    assert damaged[-1].detail == f"damaged; whole on {setting.now.date().isoformat()}", "which backup still has it"
    proved = {each.subject for night in nights for each in night if each.kind is Kind.PROVED}
    assert proved >= {str(each.record_id) for each in whole}


def test_a_night_of_reading_that_was_cut_off_goes_on_where_it_was(setting: Setting) -> None:
    from flows.duties import kept
    from register import records

    for _ in range(5):
        setting.kept()
    moment = setting.later(days=40)
    first = kept.prove(setting.site, moment, False)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(kept, "_NOTED_EVERY", 2)
        begun = [next(first).subject for _ in range(3)]
        first.close()
    rest = [each.subject for each in found(setting, "prove", moment + dt.timedelta(minutes=1))]
    assert len(rest) == 3
    assert set(begun) | set(rest) == {str(each.record_id) for each in records.each()}


def test_bytes_that_are_gone_are_told_as_lost(setting: Setting) -> None:
    record = setting.kept()
    setting.file_of(record.object_id).unlink()
    told = found(setting, "prove", setting.later(hours=1))
    assert [(each.kind, each.subject) for each in told] == [(Kind.LOST, str(record.record_id))]
    assert told[0].remedy


def test_a_record_whose_bytes_are_whole_but_another_documents_is_damaged(setting: Setting) -> None:
    record = setting.kept()
    from register import models

    models.Record.objects.filter(pk=record.record_id).update(document_sha256="00" * 32)
    told = found(setting, "prove", setting.later(hours=1))
    assert [each.kind for each in told] == [Kind.DAMAGED]
    assert told[0].detail.startswith("sha256; ")


@pytest.mark.parametrize("past_its_day", [False, True])
def test_a_stamp_that_runs_out_within_a_year_is_renewed_in_the_same_object(
    setting: Setting, authority: Authority, monkeypatch: pytest.MonkeyPatch, past_its_day: bool
) -> None:
    from register import models, records

    record = setting.kept()
    ends = authority.stamper_certificate.not_valid_after
    nearly = ends - dt.timedelta(days=300)
    monkeypatch.setattr(setting.site.vault.store, "_clock", lambda: nearly)
    if not past_its_day:
        until = nearly + dt.timedelta(days=1)
        setting.site.vault.store.protect(Area.RECORDS, record.object_id, retain_until=until)
        models.Record.objects.filter(pk=record.record_id).update(retain_until=until)
    renewed_authority = authority.renewed(now=nearly)
    setting.site.authority = renewed_authority
    from signing.timestamp import EmbeddedStamper

    setting.site.stamper = EmbeddedStamper(renewed_authority, clock=lambda: nearly)
    assert kinds(found(setting, "prove", nearly)) == [Kind.PROVED, Kind.RENEWED]
    after = records.show(record.record_id)
    assert after.object_id == record.object_id
    assert after.version_id != record.version_id
    assert kinds(found(setting, "prove", nearly + dt.timedelta(days=1))) == [Kind.PROVED], "renewed once"


def test_bytes_the_register_never_named_are_told_and_left_alone(setting: Setting) -> None:
    setting.kept()
    stranger = uuid4().hex
    setting.site.vault.put(stranger, b"whose is this", area=Area.RECORDS)
    told = found(setting, "reconcile")
    assert [(each.kind, each.subject) for each in told] == [(Kind.UNKNOWN_BYTES, stranger)]
    assert setting.site.vault.get(stranger, Area.RECORDS) == b"whose is this"


def test_a_lock_shorter_than_the_register_says_is_told(setting: Setting) -> None:
    from register import models

    record = setting.kept()
    assert record.retain_until is not None
    models.Record.objects.filter(pk=record.record_id).update(retain_until=record.retain_until + dt.timedelta(days=31))
    assert kinds(found(setting, "reconcile")) == [Kind.LOCK_SHORTER]


# --- what must not stay as it is --------------------------------------------------------------------------------------


def test_bytes_named_but_never_written_are_cleared_after_an_hour(setting: Setting) -> None:
    from register import objects

    named = objects.stage(ObjectArea.WORKING, now=setting.now)
    assert found(setting, "clear_orphans", setting.later(minutes=59)) == []
    told = found(setting, "clear_orphans", setting.later(minutes=61))
    assert [(each.kind, each.subject) for each in told] == [(Kind.ORPHAN_CLEARED, named)]
    assert objects.show(named).state == "gone"


@pytest.mark.parametrize("area", list(ObjectArea))
def test_bytes_written_but_never_published_are_destroyed_after_an_hour(setting: Setting, area: ObjectArea) -> None:
    from register import objects

    document = setting.document(b"a paper nobody points at", area)
    assert kinds(found(setting, "clear_orphans", setting.later(hours=2))) == [Kind.ORPHAN_CLEARED]
    assert not setting.site.vault.store.stat(Area(area.value), document.object_id)
    assert not setting.site.vault.keyring.exists(document.object_id)
    assert objects.show(document.object_id).state == "gone"


def test_nothing_that_is_in_use_is_cleared(setting: Setting) -> None:
    record, row = setting.kept(), setting.presented()
    assert found(setting, "clear_orphans", setting.later(days=300)) == []
    assert setting.site.vault.get(record.object_id, Area.RECORDS)
    assert setting.site.vault.get(row.working_object_id or "", Area.WORKING)


def test_a_dead_workers_lease_is_given_back(setting: Setting) -> None:
    from register import packets

    packet = setting.world.opened(setting.ask())
    assert packets.claim_next("dead", lease_seconds=12, now=setting.now) is not None
    assert found(setting, "give_back_leases", setting.later(seconds=11)) == []
    for dry in (True, False):
        told = found(setting, "give_back_leases", setting.later(seconds=13), dry=dry)
        assert [(each.kind, each.subject) for each in told] == [(Kind.LEASE_RETURNED, str(packet.packet_id))]
    assert found(setting, "give_back_leases", setting.later(seconds=13)) == []


def test_the_audit_logs_head_is_anchored_where_it_cannot_be_changed(setting: Setting) -> None:
    from register import audit

    assert kinds(found(setting, "prove_audit")) == [Kind.ANCHORED]
    head = audit.head()
    assert head is not None
    assert head.hash in {entry.value for entry in setting.site.vault.log.entries()}


def test_a_changed_line_of_the_audit_log_is_told(setting: Setting) -> None:
    setting.presented()
    tamper(setting, "UPDATE register_auditentry SET object_id = 'another' WHERE seq = 3")
    told = found(setting, "prove_audit")
    assert [(each.kind, each.subject) for each in told] == [(Kind.AUDIT_BROKEN, "3")]
    assert told[0].remedy


def test_a_log_cut_at_its_end_is_found_out_by_the_anchor(setting: Setting) -> None:
    setting.presented()
    assert kinds(found(setting, "prove_audit")) == [Kind.ANCHORED]
    tamper(setting, "DELETE FROM register_auditentry WHERE seq = (SELECT max(seq) FROM register_auditentry)")
    assert kinds(found(setting, "prove_audit")) == [Kind.AUDIT_BROKEN]


# --- the whole night --------------------------------------------------------------------------------------------------


def test_a_dry_run_tells_what_is_due_and_changes_no_byte(setting: Setting) -> None:
    from flows.upkeep import tend

    much_is_due(setting)
    before = everything(setting)
    moment = setting.later(days=50)
    told = tend(setting.site, dry=True, at=moment)
    assert everything(setting) == before
    mended = {Kind.EXPIRED, Kind.VOIDED, Kind.UPGRADED, Kind.EXTENDED, Kind.ORPHAN_CLEARED}
    assert mended | {Kind.WINDOW_CLOSED} <= set(kinds(told)), "what is too late is told as that, and not as done"
    assert Kind.ANCHORED not in kinds(told)


def test_a_second_night_finds_nothing_that_the_first_mended(setting: Setting) -> None:
    from flows.upkeep import tend

    much_is_due(setting)
    first = tend(setting.site, dry=False, at=setting.later(hours=2))
    assert {Kind.UPGRADED, Kind.STAMPED, Kind.ORPHAN_CLEARED} <= set(kinds(first))
    second = tend(setting.site, dry=False, at=setting.later(hours=3))
    assert set(kinds(second)) <= {Kind.PROVED, Kind.ANCHORED}


def test_a_duty_that_fails_is_told_by_its_code_and_stops_no_other(
    setting: Setting, monkeypatch: pytest.MonkeyPatch
) -> None:
    from flows import upkeep

    def fails(*_: object) -> object:
        raise ValueError(setting.world.NAME)

    monkeypatch.setattr(upkeep, "DUTIES", (("broken", fails), *upkeep.DUTIES))
    told = upkeep.tend(setting.site, dry=False, at=setting.now)
    assert [(each.kind, each.subject, each.detail) for each in told[:1]] == [(Kind.DUTY_FAILED, "broken", "ValueError")]
    assert Kind.ANCHORED in kinds(told)
    assert setting.world.NAME not in repr(told)


def test_what_is_told_to_a_person_comes_with_a_remedy_and_the_nights_own_work_with_none() -> None:
    own = {
        Kind.LEASE_RETURNED, Kind.DESTRUCTION_RESUMED, Kind.EXPIRED, Kind.VOIDED, Kind.STAMPED, Kind.UPGRADED,
        Kind.RENEWED, Kind.EXTENDED, Kind.PROVED, Kind.ORPHAN_CLEARED, Kind.ANCHORED, Kind.LEVELED, Kind.REWRAPPED,
        Kind.EPOCH_ENDED, Kind.DAY_COMPUTED, Kind.DECLINED_CLEARED, Kind.HOLD_MIRRORED,
    }  # fmt: skip
    assert set(FOR_A_PERSON) == set(Kind) - own


def much_is_due(setting: Setting) -> None:
    """Something for nearly every duty."""
    setting.kept(expiry=Expiry(date=setting.now.date() + dt.timedelta(days=20)))
    setting.kept(setting.papers.sealed_without_time, proof=Proof.SEALED_WITHOUT_TIME)
    part_signed(setting, setting.papers.by_client)
    setting.presented()
    setting.document(b"a paper nobody points at")


def tamper(setting: Setting, statement: str) -> None:
    """Change the log as whoever owns the database can: without the triggers that refuse it."""
    from django.db import connection

    from register.models.audit import FREE_AGAIN

    with connection.cursor() as cursor:
        for drop in connection.ops.prepare_sql_script(FREE_AGAIN[connection.vendor]):
            cursor.execute(drop)
        cursor.execute(statement)
        assert cursor.rowcount == 1


def everything(setting: Setting) -> dict[str, str]:
    """Every file of the site and every row of its register with its hash, the write-ahead log brought in before."""
    from django.apps import apps

    from register import boot

    boot.checkpoint()
    setting.world.vault.keyring.close()
    rows = {
        model._meta.db_table: hashlib.sha256(
            repr(list(model.objects.order_by("pk").values_list())).encode()
        ).hexdigest()
        for model in apps.get_app_config("register").get_models()
    }
    return rows | {
        str(path.relative_to(setting.world.home)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(setting.world.home.rglob("*"))
        if path.is_file() and not path.name.endswith(("-wal", "-shm"))
    }
