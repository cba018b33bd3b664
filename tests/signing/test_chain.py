"""The ceremony, step by step, and the steps that are refused."""

from __future__ import annotations

import asyncio
import functools
import hashlib
import io
import itertools
import pickle
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from datetime import UTC, datetime
from multiprocessing import get_context
from pathlib import Path

import pikepdf
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signing import appearance, chain, prepare, seal
from signing.authority import Authority
from signing.errors import SigningCode, SigningError
from signing.opened import open_file
from signing.roles import ARCHIVE_FIELDS, ORDER, Progress, Role, archive_field
from signing.timestamp import EmbeddedStamper


def now() -> datetime:
    return datetime.now(UTC)


def sign_as(role: str, pdf: bytes, authority: Authority, name: str = "A Person") -> chain.Signed:
    return chain.sign(
        pdf, authority, EmbeddedStamper(authority), role=role, signer_name=name, act_id="ACT-9",
        appearance=None, reason="agreed", now=now(),
    )  # fmt: skip


def code_of(refused: pytest.ExceptionInfo[SigningError]) -> SigningCode:
    return refused.value.code


def test_a_sealed_file_holds_four_signatures_and_one_archival_stamp(sealed_pdf: bytes) -> None:
    assert [trace.field for trace in open_file(sealed_pdf).traces] == [*ORDER_HERE, "archive_ts_1"]


ORDER_HERE = [Role.ORG_CERT, Role.CLIENT, Role.WITNESS, Role.ORG_SEAL]


def test_each_step_only_appends(
    prepared_pdf: bytes, certified_pdf: bytes, client_pdf: bytes, witnessed_pdf: bytes, sealed_pdf: bytes
) -> None:
    steps = [prepared_pdf, certified_pdf, client_pdf, witnessed_pdf, sealed_pdf]
    for before, after in itertools.pairwise(steps):
        assert after.startswith(before)


def test_a_finished_statement_stays_small(prepared_pdf: bytes, sealed_pdf: bytes) -> None:
    assert len(sealed_pdf) - len(prepared_pdf) < 100_000


def test_every_signature_has_a_certificate_of_its_own_that_names_role_and_act(sealed_pdf: bytes) -> None:
    traces = [trace for trace in open_file(sealed_pdf).traces if not trace.archival]
    assert len({trace.certificate.serial_number for trace in traces}) == 4
    for trace in traces:
        assert trace.certificate.subject.native["title"] == trace.field
    assert traces[1].certificate.subject.native["serial_number"] == "ACT-1"
    assert traces[1].certificate.subject.native["common_name"] == "Rosa Núñez-O'Neill"


def test_what_was_signed_is_told_by_its_hashes(certified_pdf: bytes, authority: Authority) -> None:
    signed = sign_as("client", certified_pdf, authority)
    trace = open_file(signed.pdf).traces[-1]
    assert signed.sha256 == hashlib.sha256(signed.pdf).hexdigest()
    assert signed.certificate_sha256 == hashlib.sha256(trace.certificate.dump()).hexdigest()
    assert int(signed.serial, 16) == trace.certificate.serial_number
    assert signed.stamped
    assert "A Person" not in repr(signed) + repr(trace) + repr(appearance.typed("A Person", now()))
    assert len(repr(signed)) < 400
    assert pickle.loads(pickle.dumps(signed)) == signed  # noqa: S301  # our own bytes


@pytest.mark.parametrize("role", ["client", "witness"])
def test_nobody_signs_before_the_organization_has_certified(
    role: str, prepared_pdf: bytes, authority: Authority
) -> None:
    with pytest.raises(SigningError) as refused:
        sign_as(role, prepared_pdf, authority)
    assert code_of(refused) is SigningCode.OUT_OF_ORDER


def test_the_witness_does_not_sign_before_the_client(certified_pdf: bytes, authority: Authority) -> None:
    with pytest.raises(SigningError) as refused:
        sign_as("witness", certified_pdf, authority)
    assert code_of(refused) is SigningCode.OUT_OF_ORDER
    assert "client" in refused.value.remedy


def test_nobody_signs_twice(client_pdf: bytes, authority: Authority) -> None:
    with pytest.raises(SigningError) as refused:
        sign_as("client", client_pdf, authority)
    assert code_of(refused) is SigningCode.ALREADY_SIGNED


def test_the_organization_does_not_seal_before_the_witness(
    client_pdf: bytes, authority: Authority, stamper: EmbeddedStamper
) -> None:
    with pytest.raises(SigningError) as refused:
        seal.seal(client_pdf, authority, stamper, appearance=None, now=now())
    assert code_of(refused) is SigningCode.OUT_OF_ORDER


def test_nothing_is_signed_sealed_or_part_stamped_after_the_seal(
    sealed_pdf: bytes, authority: Authority, stamper: EmbeddedStamper
) -> None:
    with pytest.raises(SigningError) as refused:
        sign_as("client", sealed_pdf, authority)
    assert code_of(refused) is SigningCode.ALREADY_SIGNED
    with pytest.raises(SigningError) as refused:
        seal.seal(sealed_pdf, authority, stamper, appearance=None, now=now())
    assert code_of(refused) is SigningCode.ALREADY_SIGNED
    with pytest.raises(SigningError) as refused:
        seal.stamp_part_signed(sealed_pdf, authority, stamper, now=now())
    assert code_of(refused) is SigningCode.ALREADY_SEALED


def test_a_file_is_certified_once(certified_pdf: bytes, authority: Authority, stamper: EmbeddedStamper) -> None:
    with pytest.raises(SigningError) as refused:
        chain.certify(certified_pdf, authority, stamper, now=now())
    assert code_of(refused) is SigningCode.ALREADY_SIGNED


def test_an_unprepared_file_and_an_unknown_role_are_refused(
    rendered_pdf: bytes, certified_pdf: bytes, authority: Authority, stamper: EmbeddedStamper
) -> None:
    with pytest.raises(SigningError) as refused:
        chain.certify(rendered_pdf, authority, stamper, now=now())
    assert code_of(refused) is SigningCode.NOT_PREPARED
    with pytest.raises(SigningError) as refused:
        sign_as("notary", certified_pdf, authority)
    assert code_of(refused) is SigningCode.PLACE_UNKNOWN
    with pytest.raises(SigningError) as refused:
        sign_as("interpreter", certified_pdf, authority)
    assert code_of(refused) is SigningCode.PLACE_MISSING


def test_a_form_without_a_witness_is_sealed_after_the_client(
    rendered_pdf: bytes, authority: Authority, stamper: EmbeddedStamper
) -> None:
    with pikepdf.open(io.BytesIO(rendered_pdf)) as document:
        for element in document.objects:
            if isinstance(element, pikepdf.Dictionary) and str(element.get("/Alt", "")) == "sig:witness":
                element.Alt = pikepdf.String("An ordinary picture")
        without = io.BytesIO()
        document.save(without)
    pdf = prepare.prepare(without.getvalue(), {"client": "Client signature", "org_seal": "Seal"})
    pdf = sign_as("client", chain.certify(pdf, authority, stamper, now=now()).pdf, authority).pdf
    assert seal.seal(pdf, authority, stamper, appearance=None, now=now()).level is seal.SealLevel.SEALED


@pytest.mark.parametrize("tail", [b"\n", b"% a comment\n"])
def test_a_file_that_grew_after_its_last_signature_is_not_signed_further(
    tail: bytes, client_pdf: bytes, authority: Authority, stamper: EmbeddedStamper
) -> None:
    with pytest.raises(SigningError) as refused:
        sign_as("witness", client_pdf + tail, authority)
    assert code_of(refused) is SigningCode.CHANGED_AFTER_SIGNING
    with pytest.raises(SigningError) as refused:
        seal.stamp_part_signed(client_pdf + tail, authority, stamper, now=now())
    assert code_of(refused) is SigningCode.CHANGED_AFTER_SIGNING


@settings(max_examples=25, deadline=None)
@given(st.data())
def test_a_file_in_which_one_covered_bit_was_turned_is_not_signed_further(data: st.DataObject) -> None:
    pdf, place = data.draw(st.sampled_from([(one, place_of_last(one)) for one in steps()]))
    where = data.draw(st.integers(0, place[0] - 1) | st.integers(place[1], len(pdf) - 1))
    touched = bytearray(pdf)
    touched[where] ^= 1 << data.draw(st.integers(0, 7))
    with pytest.raises(SigningError):
        open_file(bytes(touched)).require_genuine(shared())


@pytest.mark.parametrize("step", range(3))
def test_filler_behind_a_signature_is_found(step: int) -> None:
    pdf = bytearray(steps()[step])
    end = place_of_last(steps()[step])[1]
    assert pdf[end - 3 : end] == b"00>"
    pdf[end - 2] = ord("1")
    with pytest.raises(SigningError) as refused:
        open_file(bytes(pdf)).require_genuine(shared())
    assert code_of(refused) is SigningCode.CHANGED_AFTER_SIGNING


def place_of_last(pdf: bytes) -> tuple[int, int]:
    """Where the last signature's container lies, outside of what it covers."""
    last = open_file(pdf).last
    assert last is not None
    return int(last.byte_range[1]), int(last.byte_range[2])


@functools.cache
def shared() -> Authority:
    """One authority for the files below."""
    return Authority.create("Riverbend Counseling", now=now())


@functools.cache
def steps() -> tuple[bytes, bytes, bytes]:
    """Certified, signed by the client, archived in part."""
    rendered = (Path(__file__).parent / "data" / "rendered.pdf").read_bytes()
    labels = {"client": "Client", "witness": "Witness", "org_seal": "Seal"}
    stamper = EmbeddedStamper(shared())
    certified = chain.certify(prepare.prepare(rendered, labels), shared(), stamper, now=now()).pdf
    signed = sign_as("client", certified, shared()).pdf
    return certified, signed, seal.stamp_part_signed(signed, shared(), stamper, now=now())


def test_a_file_signed_elsewhere_is_not_sealed(witnessed_pdf: bytes) -> None:
    stranger = Authority.create("Somebody Else", now=now())
    with pytest.raises(SigningError) as refused:
        seal.seal(witnessed_pdf, stranger, EmbeddedStamper(stranger), appearance=None, now=now())
    assert code_of(refused) is SigningCode.FOREIGN_CERTIFICATE


@pytest.mark.parametrize("size", [0, 10, 2000])
def test_rubbish_is_called_unreadable(
    size: int, prepared_pdf: bytes, authority: Authority, stamper: EmbeddedStamper
) -> None:
    with pytest.raises(SigningError) as refused:
        chain.certify(prepared_pdf[:size], authority, stamper, now=now())
    assert code_of(refused) is SigningCode.UNREADABLE


def test_a_time_without_a_zone_is_refused(prepared_pdf: bytes, authority: Authority, stamper: EmbeddedStamper) -> None:
    with pytest.raises(SigningError) as refused:
        chain.certify(prepared_pdf, authority, stamper, now=now().replace(tzinfo=None))
    assert code_of(refused) is SigningCode.NAIVE_TIME


def test_the_longest_names_still_find_room(rendered_pdf: bytes, labels: dict[str, str]) -> None:
    authority = Authority.create("機" * 200, now=now())
    stamper = EmbeddedStamper(authority)
    pdf = chain.certify(prepare.prepare(rendered_pdf, labels), authority, stamper, now=now()).pdf
    pdf = sign_as("client", pdf, authority, name="\U00020bb7" * 200).pdf
    pdf = sign_as("witness", pdf, authority, name="\U00020bb7" * 200).pdf
    assert seal.seal(pdf, authority, stamper, appearance=None, now=now()).level is seal.SealLevel.SEALED


def test_the_verbs_work_inside_a_running_event_loop(
    prepared_pdf: bytes, authority: Authority, stamper: EmbeddedStamper
) -> None:
    async def flow() -> chain.Signed:
        return chain.certify(prepared_pdf, authority, stamper, now=now())

    assert asyncio.run(flow()).stamped


def test_many_threads_share_one_authority(
    certified_pdf: bytes, authority: Authority, stamper: EmbeddedStamper, ink_png: bytes
) -> None:
    def one(number: int) -> list[str]:
        look = appearance.drawn(ink_png, f"Client {number}", now())
        signed = chain.sign(
            certified_pdf, authority, stamper, role="client", signer_name=f"Client {number}", act_id=str(number),
            appearance=look, reason="agreed", now=now(),
        )  # fmt: skip
        return [str(open_file(signed.pdf).traces[-1].certificate.subject.native["common_name"])]

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(one, range(8))) == [[f"Client {number}"] for number in range(8)]


def test_an_authority_works_in_a_child_process(prepared_pdf: bytes, authority: Authority) -> None:
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        signed = pool.submit(chain.certify, prepared_pdf, authority, EmbeddedStamper(authority), now=now()).result()
    assert open_file(signed.pdf).traces[0].certificate.issuer == authority.root.subject


def test_an_error_survives_the_way_back_from_a_child() -> None:
    error = SigningError(SigningCode.UNREADABLE, "Sentence.", "Remedy.")
    again = pickle.loads(pickle.dumps(error))  # noqa: S301  # our own bytes
    assert (again.code, again.sentence, again.remedy, str(again)) == (
        SigningCode.UNREADABLE,
        "Sentence.",
        "Remedy.",
        "Sentence. Remedy.",
    )


places = st.sets(st.sampled_from([role for role in ORDER if role is not Role.ORG_CERT])).map(
    lambda chosen: [role for role in ORDER if role in chosen | {Role.ORG_CERT, Role.ORG_SEAL}]
)


@given(places, st.lists(st.sampled_from(ORDER), max_size=30))
def test_whatever_is_tried_signatures_come_in_order_once_and_never_after_the_seal(
    fields: list[Role], attempts: list[Role]
) -> None:
    filled: dict[str, bool] = {role.value: False for role in fields}
    done: list[Role] = []
    for role in attempts:
        try:
            Progress(filled).require_turn(role)
        except SigningError:
            continue
        filled[role] = True
        done.append(role)
    assert done == fields[: len(done)]
    if Role.ORG_SEAL in done:
        assert done == fields


@given(st.integers(0, ARCHIVE_FIELDS))
def test_archival_fields_are_taken_in_number_order(used: int) -> None:
    fields = {archive_field(number): number <= used for number in range(1, ARCHIVE_FIELDS + 1)}
    if used == ARCHIVE_FIELDS:
        with pytest.raises(SigningError):
            Progress(fields).free_archive_field()
    else:
        assert Progress(fields).free_archive_field() == archive_field(used + 1)
