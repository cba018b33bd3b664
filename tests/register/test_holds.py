"""A hold keeps what it covers, beside every other hold, and only counsel knows of it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import TYPE_CHECKING
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import pytest

from register.errors import RegisterError, RegisterErrorCode
from register.retention_facts import Hold, HoldQuery, HoldWords
from register.vocabulary import HoldKind, HoldScope
from rules.retention.words import EventKind
from storage.errors import StoreUnavailable
from storage.protocol import Area

if TYPE_CHECKING:
    from tests.register.conftest import World

WORDS = HoldWords(matter="Quetzalcanario v. Harbor Reentry Services", authority="Letter of counsel, 24 November")
REVIEW = dt.date(2027, 5, 1)


def place(
    world: World,
    *,
    records: Sequence[UUID] = (),
    client_id: UUID | None = None,
    query: HoldQuery | None = None,
    words: HoldWords = WORDS,
    review_on: dt.date = REVIEW,
) -> Hold:
    from register import holds

    return holds.place(
        world.vault,
        kind=HoldKind.LITIGATION,
        words=words,
        review_on=review_on,
        records=records,
        client_id=client_id,
        query=query,
        by=world.counsel,
        now=world.now,
    )


def released(world: World, hold: Hold) -> Hold:
    from register import holds

    return holds.release(
        world.vault, hold.hold_id, reason="The case was settled.", by=world.counsel, now=world.later(days=1)
    )


def in_store(world: World, object_id: str) -> set[bool]:
    return {version.held for version in world.vault.store.stat(Area.RECORDS, object_id)}


def test_the_release_of_one_hold_never_frees_what_another_holds(world: World) -> None:
    from register import holds, mirroring

    record, other = world.record(), world.record()
    first = place(world, records=[record.record_id, other.record_id])
    second = place(world, query=HoldQuery(organization_id=world.ids.housing))
    third = place(world, client_id=world.ids.client)
    assert (first.records, second.records, third.records) == (2, 2, 2)
    assert [one.hold_id for one in holds.on(record.record_id)] == sorted(
        [first.hold_id, second.hold_id, third.hold_id], key=lambda one: one.hex
    )
    released(world, second)
    assert {one.hold_id for one in holds.on(record.record_id)} == {first.hold_id, third.hold_id}
    mirroring.mirror(world.vault, now=world.now)
    released(world, first)
    mirroring.mirror(world.vault, now=world.now)
    assert in_store(world, record.object_id) == {True}, "the third still holds it"
    released(world, third)
    assert holds.on(record.record_id) == ()
    mirroring.mirror(world.vault, now=world.now)
    assert in_store(world, record.object_id) == {False}


def test_a_new_record_that_matches_is_captured_in_the_transaction_that_keeps_it(world: World) -> None:
    from register import holds

    everything = place(world, query=HoldQuery(kept_from=world.now.date()))
    of_client = place(world, client_id=world.ids.client)
    elsewhere = place(world, query=HoldQuery(organization_id=world.ids.probation))
    past = place(world, query=HoldQuery(kept_to=dt.date(2026, 1, 1)))
    settled = place(world, client_id=world.ids.client)
    released(world, settled)
    record = world.record()
    assert {one.hold_id for one in holds.on(record.record_id)} == {everything.hold_id, of_client.hold_id}
    assert holds.show(elsewhere.hold_id, by=world.counsel).records == 0
    assert holds.show(past.hold_id, by=world.counsel).records == 0


def test_explicit_records_capture_nothing_new(world: World) -> None:
    from register import holds

    place(world, records=[world.record().record_id])
    assert holds.on(world.record().record_id) == ()


def test_a_hold_is_a_mark_on_the_list_and_changes_no_day(world: World) -> None:
    from register import due, standing

    world.adopted()
    record = world.record()
    standing.revoke(world.vault, record.statement_id, by=world.intake, now=world.now)
    world.happened(EventKind.LAST_SERVICE, dt.date(2026, 11, 10))
    far = dt.date(2090, 1, 1)
    before = due.answer(record.record_id, far)
    place(world, client_id=world.ids.client)
    assert due.answer(record.record_id, far) == before, "who reads the day is not told of the hold"
    assert [one.held for one in due.listing(far)] == [True]


@pytest.mark.parametrize("who", ["officer", "administrator", "intake", "witness"])
def test_nobody_but_counsel_is_told_of_holds(world: World, who: str) -> None:
    from register import holds

    hold = place(world, client_id=world.ids.client)
    person = getattr(world, who)
    assert not holds.may_know(person)
    for ask in (
        lambda: holds.listing(by=person),
        lambda: holds.show(hold.hold_id, by=person),
        lambda: holds.show(uuid4(), by=person),
        lambda: holds.words(world.vault, hold.hold_id, by=person, now=world.now),
        lambda: holds.records_of(hold.hold_id, by=person),
        lambda: holds.release(world.vault, hold.hold_id, reason="x", by=person, now=world.now),
    ):
        with pytest.raises(RegisterError) as refused:
            ask()
        assert refused.value.code is RegisterErrorCode.NOT_ALLOWED


def test_what_a_hold_says_is_sealed_and_looking_is_written_down(world: World) -> None:
    from register import audit, holds, mirroring

    hold = place(world, client_id=world.ids.client)
    mirroring.mirror(world.vault, now=world.now)  # the store's log too
    released(world, hold)
    mirroring.mirror(world.vault, now=world.now)
    told = holds.words(world.vault, hold.hold_id, by=world.counsel, now=world.now)
    assert told == HoldWords(matter=WORDS.matter, authority=WORDS.authority, release_reason="The case was settled.")
    assert "Quetzalcanario" not in repr(told)
    assert [one.verb.value for one in audit.entries(hold.hold_id)] == ["hold_seen", "hold_released", "hold_placed"]
    for file in world.home.rglob("*"):
        if file.is_file():
            for word in (b"settled", b"Quetzalcanario", b"Letter of counsel"):
                assert word not in file.read_bytes(), (file, word)
    assert audit.check().intact


def test_bug_in_the_evening_a_hold_could_not_be_reviewed_tomorrow(world: World) -> None:
    """It is tomorrow already by UTC; days are those of the agency's calendar."""
    evening = dt.datetime.combine(world.today, dt.time(21, 30), tzinfo=ZoneInfo("America/New_York")).astimezone(dt.UTC)
    assert evening.date() == world.today + dt.timedelta(days=1)
    world.now = evening
    record = world.record().record_id
    assert place(world, records=[record], review_on=evening.date()).review_on == evening.date()
    with pytest.raises(RegisterError):
        place(world, records=[record], review_on=world.today)


def test_a_hold_covers_one_thing_and_never_everything(world: World) -> None:
    record = world.record().record_id
    for refused in (
        lambda: place(world),
        lambda: place(world, query=HoldQuery()),
        lambda: place(world, records=[record], client_id=world.ids.client),
        lambda: place(world, records=[record], words=HoldWords(matter=" ", authority="x")),
        lambda: place(world, records=[record], review_on=world.today),
    ):
        with pytest.raises(RegisterError) as error:
            refused()
        assert error.value.code is RegisterErrorCode.HOLD
    for unknown in (lambda: place(world, records=[record, uuid4()]), lambda: place(world, client_id=uuid4())):
        with pytest.raises(RegisterError) as error:
            unknown()
        assert error.value.code is RegisterErrorCode.UNKNOWN_ID
    from register import holds

    assert holds.listing(by=world.counsel, released=True) == (), "nothing was half placed"


def test_a_hold_is_released_once_and_with_a_reason(world: World) -> None:
    from register import holds

    hold = place(world, records=[world.record().record_id])
    for reason, code in ((" ", RegisterErrorCode.HOLD), ("Settled.", None), ("Settled.", RegisterErrorCode.HOLD)):
        if code is None:
            holds.release(world.vault, hold.hold_id, reason=reason, by=world.counsel, now=world.now)
            continue
        with pytest.raises(RegisterError) as error:
            holds.release(world.vault, hold.hold_id, reason=reason, by=world.counsel, now=world.now)
        assert error.value.code is code
    assert holds.listing(by=world.counsel) == ()
    (past,) = holds.listing(by=world.counsel, released=True)
    assert (past.scope, past.records) == (HoldScope.RECORDS, 1)


def test_a_review_that_is_overdue_is_found(world: World) -> None:
    from register import holds

    hold = place(world, client_id=world.ids.client)
    assert holds.to_review(REVIEW) == ()
    assert holds.to_review(REVIEW + dt.timedelta(days=1)) == ((hold.hold_id, REVIEW),)
    released(world, hold)
    assert holds.to_review(REVIEW + dt.timedelta(days=1)) == ()


def test_a_store_that_was_down_is_told_later(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    from register import mirroring

    record = world.record()
    place(world, client_id=world.ids.client)
    with monkeypatch.context() as down:

        def refuse(*_: object, **__: object) -> None:
            raise StoreUnavailable("connection refused")

        down.setattr(world.vault.store, "protect", refuse)
        told = mirroring.mirror(world.vault, now=world.now)
        assert (told.told, [one for one, _ in told.failed]) == ((), [record.record_id])
    assert in_store(world, record.object_id) == {False}
    assert [one.record_id for one in mirroring.unmirrored()] == [record.record_id], "the register knows what it owes"
    assert mirroring.mirror(world.vault, now=world.now).told == (record.record_id,)
    assert in_store(world, record.object_id) == {True}
    assert mirroring.unmirrored() == ()
    assert mirroring.mirror(world.vault, now=world.now).told == ()


def test_a_version_added_to_a_held_record_is_held_too(world: World) -> None:
    from register import mirroring, records
    from rules.vocabulary import Proof
    from tests.register.conftest import facts

    record = world.record()
    place(world, records=[record.record_id])
    mirroring.mirror(world.vault, now=world.now)
    stored = world.vault.put(record.object_id, b"stamped", area=Area.RECORDS)
    assert in_store(world, record.object_id) == {True, False}
    document = facts.Document(
        object_id=record.object_id,
        version_id=stored.version_id,
        sealed_sha256=stored.stored_sha256,
        size=stored.size,
        document_sha256="cd" * 32,
        pages=2,
    )
    records.upgrade(record.record_id, document=document, proof=Proof.SEALED, now=world.now)
    assert mirroring.mirror(world.vault, now=world.now).told == (record.record_id,)
    assert in_store(world, record.object_id) == {True}


def test_a_record_kept_while_a_hold_is_placed_is_held_whoever_comes_first(world: World) -> None:
    from register import holds, statements
    from register.vocabulary import ObjectArea
    from rules.vocabulary import Proof

    ready = world.all_signed()
    statements.claim_sealing("sealer", lease_seconds=60, now=world.now)
    document = world.document(ObjectArea.RECORDS)

    def work(number: int) -> object:
        if number == 0:
            return place(world, client_id=world.ids.client)
        return statements.activate(
            ready.statement_id,
            holder="sealer",
            document=document,
            proof=Proof.SEALED,
            retain_until=world.now + dt.timedelta(days=366),
            now=world.now,
        )

    hold, record = world.in_threads(2, work)
    assert isinstance(hold, Hold)
    assert [one.hold_id for one in holds.on(record.record_id)] == [hold.hold_id]  # type: ignore[union-attr]


def test_the_log_is_told_of_what_a_hold_captures_later_and_of_what_it_could_not_be_told(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    from register import hold_log, mirroring

    first = world.record()
    hold = place(world, client_id=world.ids.client)
    with monkeypatch.context() as down:

        def refuse(*_: object, **__: object) -> None:
            raise StoreUnavailable("connection refused")

        down.setattr(world.vault.log, "hold", refuse)
        assert mirroring.mirror(world.vault, now=world.now).log_refused == "store_unavailable"
    assert (hold_log.untold(), world.vault.log.holds()) == (2, ())
    mirroring.mirror(world.vault, now=world.now)
    second = world.record()
    assert hold_log.untold() == 1
    mirroring.mirror(world.vault, now=world.now)
    (told,) = world.vault.log.holds()
    assert told.object_ids == {first.object_id, second.object_id}
    assert (told.hold_id, told.query) == (hold.hold_id.hex, {"client_id": str(world.ids.client)})
    released(world, hold)
    assert hold_log.untold() == 1
    mirroring.mirror(world.vault, now=world.now)
    (told,) = world.vault.log.holds()
    assert (told.released_at, hold_log.untold()) == (world.now, 0)


def test_a_query_says_no_prose_for_it_is_written_into_the_log(world: World) -> None:
    with pytest.raises(RegisterError, match="codes") as refused:
        place(world, query=HoldQuery(form_id="everything about Jane Doe"))
    assert refused.value.code is RegisterErrorCode.HOLD
    assert "Jane" not in str(refused.value)
