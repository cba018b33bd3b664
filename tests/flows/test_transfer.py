"""A transfer: what was approved for a successor goes out encrypted, and goes from here only on its receipt."""

from __future__ import annotations

import csv
import datetime as dt
import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from flows.custody import ARCHIVE
from register.errors import RegisterError, RegisterErrorCode
from rules.disposal import Answer, Outcome, RunState, Why
from rules.vocabulary import DisclosureBasis
from tests.flows.disposing import records as disposing
from tests.flows.test_disposal import at, hold, is_gone, is_whole, outcomes
from tests.flows.transferring import AUTHORITY, KEEPER, Transferring
from tests.register.conftest import _built, _light_passwords, world  # noqa: F401 - fixtures are found by name

if TYPE_CHECKING:
    from tests.register.conftest import World


LATER = dt.timedelta(days=31)
"""When the approvals of now have run out."""
AGAIN = LATER - dt.timedelta(minutes=5)
"""Shortly before: when others approve anew."""


@pytest.fixture
def house(world: World, tmp_path: Path) -> Transferring:  # noqa: F811 - the fixture
    return Transferring(disposing(world), tmp_path)


def test_what_a_successor_confirmed_goes_from_here_and_is_told_as_transferred(house: Transferring) -> None:
    from register import audit, certificates, receipts

    going, other = house.records.kept(2)
    run = house.approved([going], destroy=[other])
    done = house.handed_over(run)
    assert (done.transfer.records, done.kept_back, done.run.state) == (1, 0, RunState.EXECUTING)
    transfer = house.received(run)
    run = house.records.executed(run)
    assert run.state is RunState.EXECUTED
    assert outcomes(run.run_id) == {
        going.record_id: (Outcome.TRANSFERRED, None),
        other.record_id: (Outcome.DESTROYED, None),
    }
    assert is_gone(house.records, going)
    assert is_gone(house.records, other)
    (told,) = certificates.transferred(run.run_id)
    assert (told.organization_id, told.records, told.received_on) == (house.successor, 1, house.records.world.today)
    assert told.archive_sha256 == transfer.archive_sha256
    assert receipts.confirmed_by(house.records.world.vault, transfer.transfer_id, by=house.records.deputy) == KEEPER
    assert run.clients_erased == 1, "nothing of the client is kept here any more"
    assert house.records.site.vault.log.unfinished() == ()
    assert audit.check().intact


def test_the_archive_opens_at_the_successor_with_label_and_table_and_is_in_the_ledger_before(
    house: Transferring,
) -> None:
    from register import ledger, statements

    kept = house.records.kept(2)
    house.handed_over(house.approved(kept))
    opened = house.opened()
    world = house.records.world  # noqa: F811
    for record in kept:
        assert record.statement_id is not None
        ref = statements.show(record.statement_id).ref
        pdf = (opened / "records" / f"{ref}.pdf").read_bytes()
        assert hashlib.sha256(pdf).hexdigest() == record.document_sha256
        assert AUTHORITY in (opened / "records" / f"{ref}.label.txt").read_text()
        head, line = csv.reader((opened / "records" / f"{ref}.csv").read_text().splitlines())
        assert dict(zip(head, line, strict=True))["client"] == world.NAME
    rows = ledger.of_client(world.ids.client)
    assert [(row.basis, row.organization_id) for row in rows] == [(DisclosureBasis.CLOSURE, house.successor)] * 2
    receipt = (house.folder / "first" / "archive" / "RECEIPT.txt").read_text()
    assert "sha256sum opened/SHA256SUMS" in receipt


def test_nobody_is_named_outside_of_the_encryption_in_the_log_or_in_the_list(house: Transferring) -> None:
    import json

    from register import audit, disposal_rows

    run = house.approved(house.records.kept(1))
    house.handed_over(run)
    house.received(run)
    key = (house.folder / "first" / "keys" / "key.txt").read_text().strip()
    outside = b"".join(path.read_bytes() for path in (house.folder / "first" / "archive").iterdir())
    lines = json.dumps([[entry.verb, dict(entry.details)] for entry in audit.entries(run.run_id, limit=1000)])
    rows = json.dumps([dict(item.line) for item in disposal_rows.items(run.run_id)])
    assert {"disposal_transferred", "disposal_received"} <= {verb for verb, _ in json.loads(lines)}
    for word in (*house.records.world.NAME.split(), *KEEPER.split()):
        assert word.encode() not in outside
        assert word not in lines + rows
    assert key.encode() not in outside
    assert bytes.fromhex(key) not in outside


# --- nothing goes from here before ------------------------------------------------------------------------------------


def test_without_a_receipt_nothing_goes_and_the_rest_of_the_run_does(house: Transferring) -> None:
    from flows.certificate import certificate

    going, other = house.records.kept(2)
    run = house.approved([going], destroy=[other])
    house.handed_over(run)
    run = house.records.executed(run)
    assert (run.state, run.unsettled) == (RunState.EXECUTING, 1)
    assert outcomes(run.run_id)[going.record_id] == (Outcome.FAILED, Why.NOT_RECEIVED)
    assert is_whole(house.records, going)
    assert is_gone(house.records, other)
    with pytest.raises(RegisterError) as early:
        certificate(house.records.site, run.run_id, by=house.records.world.officer)
    assert "for want of a successor's receipt" in early.value.sentence
    house.received(run)
    run = house.records.executed(run)
    assert outcomes(run.run_id)[going.record_id] == (Outcome.TRANSFERRED, None)


def test_upkeep_tells_of_an_archive_whose_receipt_does_not_come_in_two_weeks(house: Transferring) -> None:
    from flows.duties import retaining
    from flows.found import Kind

    def told(days: int) -> list[str]:
        moment = house.records.world.now + dt.timedelta(days=days)
        found = retaining.tell_reviews(house.records.site, moment, dry=False)
        return [each.subject for each in found if each.kind is Kind.RECEIPT_WAITS]

    run = house.approved(house.records.kept(1))
    done = house.handed_over(run)
    assert told(13) == []
    assert told(16) == [str(done.transfer.transfer_id)]
    house.received(run)
    assert told(16) == []


@pytest.mark.parametrize(
    ("changes", "code", "place"),
    [
        ({"archive_sha256": "0" * 64}, RegisterErrorCode.NOT_WHAT_WAS_SHOWN, "sha256:"),
        ({"sums_sha256": "0" * 64}, RegisterErrorCode.NOT_WHAT_WAS_SHOWN, "opened_sha256:"),
        ({"confirmed_by": " "}, RegisterErrorCode.NAME_NEEDED, "who confirmed"),
        ({"received_on": dt.date(2020, 1, 1)}, RegisterErrorCode.DISPOSAL, "received_on:"),
        ({"received_on": dt.date(2999, 1, 1)}, RegisterErrorCode.DISPOSAL, "received_on:"),
    ],
)
def test_a_receipt_for_something_else_is_refused_with_the_place_and_everything_stays(
    house: Transferring, changes: dict[str, object], code: RegisterErrorCode, place: str
) -> None:
    from register import receipts

    (going,) = house.records.kept(1)
    run = house.approved([going])
    house.handed_over(run)
    with pytest.raises(RegisterError) as refused:
        house.received(run, **changes)
    assert refused.value.code is code
    assert place in refused.value.sentence
    assert refused.value.remedy
    assert [one.received_on for one in receipts.of_run(run.run_id)] == [None]
    house.records.executed(run)
    assert is_whole(house.records, going)


def test_who_handed_it_over_does_not_record_that_it_came_and_an_outsider_neither(house: Transferring) -> None:
    run = house.approved(house.records.kept(1))
    house.handed_over(run)
    for person, code in (
        (house.records.world.officer, RegisterErrorCode.SAME_PERSON),
        (house.records.board, RegisterErrorCode.NOT_ALLOWED),
        (house.records.world.intake, RegisterErrorCode.NOT_ALLOWED),
    ):
        with pytest.raises(RegisterError) as refused:
            house.received(run, by=person)
        assert refused.value.code is code


def test_a_receipt_is_written_once_and_the_same_again_changes_nothing(house: Transferring) -> None:
    run = house.approved(house.records.kept(1))
    house.handed_over(run)
    first = house.received(run)
    assert house.received(run, by=house.records.world.counsel) == first
    with pytest.raises(RegisterError) as other:
        house.received(run, confirmed_by="Somebody Else")
    assert other.value.code is RegisterErrorCode.DISPOSAL


def test_a_record_that_got_a_later_stamp_since_is_another_and_goes_out_again(house: Transferring) -> None:
    from register import models

    (going,) = house.records.kept(1)
    run = house.approved([going])
    house.handed_over(run)
    house.received(run)
    models.Record.objects.filter(pk=going.record_id).update(document_sha256="ab" * 32)
    run = house.records.executed(run)
    assert outcomes(run.run_id)[going.record_id] == (Outcome.FAILED, Why.NOT_RECEIVED)
    assert is_whole(house.records, going)


# --- what stops it ----------------------------------------------------------------------------------------------------


def test_a_hold_stops_the_handing_over_of_its_record_and_of_no_other(house: Transferring) -> None:
    held, free = house.records.kept(2)
    run = house.approved([held, free])
    hold(house.records, held)
    done = house.handed_over(run)
    assert (done.transfer.records, done.kept_back) == (1, 1)
    house.received(run)
    run = house.records.executed(run)
    assert outcomes(run.run_id) == {
        held.record_id: (Outcome.OUT, Why.HELD),
        free.record_id: (Outcome.TRANSFERRED, None),
    }
    assert is_whole(house.records, held)


def test_a_hold_placed_after_the_receipt_still_keeps_what_lies_here(house: Transferring) -> None:
    (going,) = house.records.kept(1)
    run = house.approved([going])
    house.handed_over(run)
    house.received(run)
    hold(house.records, going)
    run = house.records.executed(run)
    assert outcomes(run.run_id)[going.record_id] == (Outcome.OUT, Why.HELD)
    assert is_whole(house.records, going)


def test_an_approval_that_ran_out_lets_nothing_go_and_the_receipt_counts_in_the_next_run(
    house: Transferring, monkeypatch: pytest.MonkeyPatch
) -> None:
    (going,) = house.records.kept(1)
    run = house.approved([going])
    house.handed_over(run)
    house.received(run)
    at(house.records, monkeypatch, LATER)
    assert outcomes(house.records.executed(run).run_id)[going.record_id] == (Outcome.OUT, Why.APPROVAL_LAPSED)
    assert is_whole(house.records, going)
    again = house.records.executed(house.approved([going], later=AGAIN))
    assert outcomes(again.run_id)[going.record_id] == (Outcome.TRANSFERRED, None)


def test_a_receipt_of_one_successor_counts_for_no_other(house: Transferring, monkeypatch: pytest.MonkeyPatch) -> None:
    (going,) = house.records.kept(1)
    run = house.approved([going])
    house.handed_over(run)
    house.received(run)
    at(house.records, monkeypatch, LATER)
    house.records.executed(run)
    again = house.records.proposed()
    house.answered(again, [going], successor=house.records.world.ids.housing)
    again = house.records.executed(house.approve(again, later=AGAIN))
    assert outcomes(again.run_id)[going.record_id] == (Outcome.FAILED, Why.NOT_RECEIVED)


def test_only_what_two_others_approved_for_that_very_organization_is_handed_over(house: Transferring) -> None:
    from flows.site import now
    from register import disposal, ledger

    (going,) = house.records.kept(1)
    world = house.records.world  # noqa: F811
    run = house.records.proposed()
    with pytest.raises(RegisterError) as nobody:
        disposal.answer(world.vault, run.run_id, [going.record_id], Answer.TRANSFER, by=world.officer, now=now())
    assert "needs the organization that takes it" in nobody.value.sentence
    house.answered(run, [going])
    disposal.approve(run.run_id, shown_sha256=disposal.show(run.run_id).shown_sha256, by=world.counsel, now=now())
    with pytest.raises(RegisterError) as one:
        house.handed_over(run)
    assert one.value.code is RegisterErrorCode.DISPOSAL
    disposal.approve(run.run_id, shown_sha256=disposal.show(run.run_id).shown_sha256, by=house.records.board, now=now())
    with pytest.raises(RegisterError) as elsewhere:
        house.handed_over(run, successor=world.ids.housing)
    assert elsewhere.value.code is RegisterErrorCode.DISPOSAL
    assert ledger.of_client(world.ids.client) == ()


def test_who_may_not_read_about_clients_hands_nothing_over(house: Transferring) -> None:
    run = house.approved(house.records.kept(1))
    for person in (house.records.deputy, house.records.board, house.records.glass, house.records.world.intake):
        with pytest.raises(RegisterError) as refused:
            house.handed_over(run, by=person)
        assert refused.value.code is RegisterErrorCode.NOT_ALLOWED
    assert not (house.folder / "first").exists()


@pytest.mark.parametrize("changes", [{"authority": " "}, {"until": dt.date(2020, 1, 1)}])
def test_without_a_law_and_a_day_to_come_nothing_is_handed_over(
    house: Transferring, changes: dict[str, object]
) -> None:
    run = house.approved(house.records.kept(1))
    with pytest.raises(RegisterError) as refused:
        house.handed_over(run, **changes)
    assert refused.value.code is RegisterErrorCode.REFUSED
    assert refused.value.findings
    assert not (house.folder / "first").exists()


# --- again, and cut off -----------------------------------------------------------------------------------------------


def test_the_same_call_again_tells_the_same_archive_and_another_folder_makes_another(house: Transferring) -> None:
    from register import ledger, receipts

    (going,) = house.records.kept(1)
    run = house.approved([going])
    first = house.handed_over(run)
    assert house.handed_over(run).transfer == first.transfer
    assert len(ledger.of_client(house.records.world.ids.client)) == 1
    second = house.handed_over(run, "second")
    assert second.transfer.archive_sha256 != first.transfer.archive_sha256
    house.received(run, "first")
    assert [bool(one.received_on) for one in receipts.of_run(run.run_id)] == [True, False]
    with pytest.raises(RegisterError) as nothing:
        house.handed_over(run, "third")
    assert "came already" in nothing.value.sentence
    assert outcomes(house.records.executed(run).run_id)[going.record_id] == (Outcome.TRANSFERRED, None)


def test_an_archive_that_the_register_could_not_take_down_has_no_key_and_no_receipt_counts_for_it(
    house: Transferring, monkeypatch: pytest.MonkeyPatch
) -> None:
    from register import transfers

    run = house.approved(house.records.kept(1))

    def lost(*_: object, **__: object) -> object:
        raise RegisterError(RegisterErrorCode.LEASE_LOST, "lost", "again")

    with monkeypatch.context() as patch:
        patch.setattr(transfers, "handed_over", lost)
        with pytest.raises(RegisterError):
            house.handed_over(run)
    digest = hashlib.sha256((house.folder / "first" / "archive" / ARCHIVE).read_bytes()).hexdigest()
    assert not (house.folder / "first" / "keys" / "key.txt").exists()
    with pytest.raises(RegisterError) as unknown:
        house.record(run, archive_sha256=digest, sums_sha256="0" * 64)
    assert unknown.value.code is RegisterErrorCode.NOT_WHAT_WAS_SHOWN
    assert house.handed_over(run, "second").transfer.records == 1, "the lease was given back"
