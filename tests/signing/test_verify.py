"""What the verifier says of genuine files: today, in decades, at every stage, and in which words."""

from __future__ import annotations

import asyncio
import io
import logging
import re
import socket
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign.fields import SigSeedSubFilter
from pyhanko.sign.signers.pdf_signer import PdfSignatureMetadata, PdfSigner

from signing import chain, seal
from signing.authority import Authority
from signing.explain import LANGUAGES
from signing.keys import KeySigner
from signing.timestamp import EmbeddedStamper
from signing.verify import Clock, Level, Outcome, Reason, ReasonCode, TimeSource, Verdict, verify
from tests.signing.moving import after, now

Ceremony = Callable[[bytes, Authority, EmbeddedStamper], bytes]


def unstamped(pdf: bytes, authority: Authority, role: str) -> bytes:
    """A signature that no authority stamped, as other programs (or an older release) leave it."""
    key = authority.issue("Somebody", role=role, act_id="ACT", now=now())
    signer = PdfSigner(
        PdfSignatureMetadata(field_name=role, subfilter=SigSeedSubFilter.PADES),
        KeySigner(key.key, key.certificate, (authority.root,)),
    )
    writer = IncrementalPdfFileWriter(io.BytesIO(pdf))
    return signer.sign_pdf(writer, existing_fields_only=True, bytes_reserved=16384).getvalue()


def act(pdf: bytes, authority: Authority, stamper: EmbeddedStamper, role: str) -> bytes:
    return chain.sign(
        pdf, authority, stamper, role=role, signer_name="Somebody", act_id="ACT", appearance=None, reason="Agreed",
        now=now(),
    ).pdf  # fmt: skip


def sealed(pdf: bytes, authority: Authority, stamper: EmbeddedStamper) -> seal.Sealed:
    return seal.seal(pdf, authority, stamper, appearance=None, now=now())


# --- genuine, through time ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("days", [0, 15, 31, 400, 3653, 6939], ids=["today", "15 d", "31 d", "400 d", "10 y", "19 y"])
def test_a_genuine_file_is_accepted_when_the_clock_has_really_moved(
    days: int, sealed_pdf: bytes, authority: Authority
) -> None:
    with after(days):
        verdict = verify(sealed_pdf, roots=[authority.root_der])
    assert verdict.reasons == ()
    assert verdict.outcome is Outcome.ACCEPTED
    assert verdict.level is Level.ARCHIVED


@pytest.mark.parametrize("days", [31, 3653])
def test_a_moment_given_is_the_same_as_a_clock_moved(days: int, sealed_pdf: bytes, authority: Authority) -> None:
    assert verify(sealed_pdf, roots=[authority.root_der], now=now() + timedelta(days=days)).accepted


def test_when_the_stamp_authority_has_run_out_unrenewed_nothing_is_provable_any_more(
    sealed_pdf: bytes, authority: Authority
) -> None:
    with after(365.25 * 20 + 10):
        verdict = verify(sealed_pdf, roots=[authority.root_der])
    assert verdict.outcome is Outcome.REJECTED
    assert (ReasonCode.STAMP_NOT_VALID, "archive_ts_1") in {(r.code, r.field) for r in verdict.reasons}


def test_a_file_renewed_in_its_nineteenth_year_is_accepted_in_its_twenty_fifth(
    sealed_pdf: bytes, authority: Authority
) -> None:
    with after(6939):
        renewed = authority.renewed(now=now())
        pdf = seal.renew(sealed_pdf, renewed, EmbeddedStamper(renewed), now=now())
        assert verify(pdf, roots=[authority.root_der]).accepted
    with after(365.25 * 25):
        assert verify(pdf, roots=[authority.root_der]).reasons == ()


def test_signatures_stamped_on_day_20_and_sealed_on_day_40_are_accepted_for_ten_years(
    client_pdf: bytes, authority: Authority
) -> None:
    with after(20):
        pdf = seal.stamp_part_signed(client_pdf, authority, EmbeddedStamper(authority), now=now())
        assert verify(pdf, roots=[authority.root_der]).outcome is Outcome.INCOMPLETE
    with after(40):
        verdict = verify(pdf, roots=[authority.root_der])
        assert (verdict.outcome, verdict.unsigned) == (Outcome.INCOMPLETE, ("witness", "org_seal"))
        pdf = sealed(
            act(pdf, authority, EmbeddedStamper(authority), "witness"), authority, EmbeddedStamper(authority)
        ).pdf
        assert verify(pdf, roots=[authority.root_der]).accepted
    with after(3653):
        assert verify(pdf, roots=[authority.root_der]).reasons == ()


def test_a_part_signed_file_that_nobody_stamped_in_thirty_days_says_that_certificates_ran_out(
    client_pdf: bytes, authority: Authority
) -> None:
    with after(31):
        verdict = verify(client_pdf, roots=[authority.root_der])
    assert (ReasonCode.CERTIFICATE_RAN_OUT, "client") in {(r.code, r.field) for r in verdict.reasons}
    assert not verdict.accepted


@pytest.mark.parametrize("stage", ["client_pdf", "sealed_pdf"])
def test_a_computer_whose_clock_is_behind_calls_no_genuine_file_a_forgery(
    stage: str, authority: Authority, request: pytest.FixtureRequest
) -> None:
    pdf = request.getfixturevalue(stage)
    with after(-400):
        verdict = verify(pdf, roots=[authority.root_der])
    assert verdict.outcome is Outcome.INTACT_UNTRUSTED
    assert Reason(ReasonCode.CLOCK_BEHIND) in verdict.reasons
    assert verdict.sentences("en")[-1] == "Set the clock of this computer right and check again."


# --- stages ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("stage", "unsigned"),
    [
        ("prepared_pdf", ("org_cert", "client", "witness", "org_seal")),
        ("certified_pdf", ("client", "witness", "org_seal")),
        ("client_pdf", ("witness", "org_seal")),
        ("witnessed_pdf", ("org_seal",)),
    ],
)
def test_a_part_signed_file_is_incomplete_not_rejected(
    stage: str, unsigned: tuple[str, ...], authority: Authority, request: pytest.FixtureRequest
) -> None:
    verdict = verify(request.getfixturevalue(stage), roots=[authority.root_der])
    assert (verdict.outcome, verdict.unsigned) == (Outcome.INCOMPLETE, unsigned)
    assert {reason.code for reason in verdict.reasons} == {ReasonCode.NOT_SIGNED}
    assert all(signature.intact and signature.trusted for signature in verdict.signatures)


def test_every_signature_is_told_with_its_key_and_its_time(sealed_pdf: bytes, authority: Authority) -> None:
    verdict = verify(sealed_pdf, roots=[authority.root_der])
    assert [signature.role for signature in verdict.signatures] == [
        "org_cert",
        "client",
        "witness",
        "org_seal",
        "archive_ts_1",
    ]
    for signature in verdict.signatures:
        assert signature.time_source is TimeSource.TIME_STAMP
        assert signature.signed_at is not None
        assert abs(signature.signed_at - now()) < timedelta(minutes=10)
        assert re.fullmatch("[0-9a-f]{64}", signature.certificate_sha256)
        assert signature.reasons == ()
    assert verdict.signatures[1].signer_name == "Rosa Núñez-O'Neill"
    assert verdict.organization == "Riverbend Counseling"
    assert verdict.clock is Clock.OWN
    assert verdict.sealed_at == verdict.signatures[-1].signed_at


def test_a_seal_that_got_no_stamp_is_sealed_without_time_until_it_is_upgraded(
    witnessed_pdf: bytes, authority: Authority, stamper: EmbeddedStamper
) -> None:
    timeless = unstamped(witnessed_pdf, authority, "org_seal")
    verdict = verify(timeless, roots=[authority.root_der])
    assert verdict.outcome is Outcome.SEALED_WITHOUT_TIME
    assert verdict.reasons == (Reason(ReasonCode.NO_ARCHIVE_STAMP),)
    assert verdict.signatures[-1].time_source is TimeSource.CLAIMED
    upgraded = seal.upgrade(timeless, authority, stamper, now=now()).pdf
    for days in (0, 31, 3653):
        with after(days):
            verdict = verify(upgraded, roots=[authority.root_der])
            assert verdict.reasons == (), days
            assert verdict.signatures[3].time_source is TimeSource.ARCHIVE_STAMP


def test_a_file_sealed_without_time_is_worth_nothing_after_thirty_days(
    witnessed_pdf: bytes, authority: Authority
) -> None:
    timeless = unstamped(witnessed_pdf, authority, "org_seal")
    with after(31):
        verdict = verify(timeless, roots=[authority.root_der])
    assert verdict.outcome is Outcome.REJECTED
    assert ReasonCode.CERTIFICATE_RAN_OUT in {reason.code for reason in verdict.reasons}


def test_a_clients_signature_without_a_stamp_of_its_own_is_proven_by_the_archive_stamp(
    certified_pdf: bytes, authority: Authority, stamper: EmbeddedStamper
) -> None:
    pdf = unstamped(certified_pdf, authority, "client")
    assert verify(pdf, roots=[authority.root_der]).outcome is Outcome.INCOMPLETE
    pdf = sealed(act(pdf, authority, stamper, "witness"), authority, stamper).pdf
    for days in (0, 400):
        with after(days):
            assert verify(pdf, roots=[authority.root_der]).reasons == (), days


# --- words ----------------------------------------------------------------------------------------------------------


def some_verdicts(sealed_pdf: bytes, client_pdf: bytes, authority: Authority) -> list[Verdict]:
    roots = [authority.root_der]
    return [
        verify(sealed_pdf, roots=roots),
        verify(client_pdf, roots=roots),
        verify(sealed_pdf, roots=[]),
        verify(sealed_pdf + b"x", roots=roots),
        verify(sealed_pdf[:-30000], roots=roots),
        verify(b"", roots=roots),
    ]


@pytest.mark.parametrize("language", ["en", "es"])
def test_every_verdict_is_one_to_six_sentences_and_never_speaks_of_the_law(
    language: str, sealed_pdf: bytes, client_pdf: bytes, authority: Authority
) -> None:
    for verdict in some_verdicts(sealed_pdf, client_pdf, authority):
        sentences = verdict.sentences(language)
        assert 1 <= len(sentences) <= 6
        assert len(set(sentences)) == len(sentences)
        said = " ".join(sentences).lower()
        assert not re.search(r"legal|binding|court|vinculante|jur[ií]dic", said)
        assert "{" not in said
        assert "rosa" not in said


@pytest.mark.parametrize("language", ["en", "es"])
def test_every_outcome_reason_and_clock_has_words(language: str) -> None:
    words = LANGUAGES[language]
    assert set(words.reasons) == set(ReasonCode)
    assert set(words.outcome) == set(words.next_step) == set(Outcome)
    assert set(words.clock) == set(Clock)


def test_the_own_clock_is_said_to_be_the_organizations_assertion(sealed_pdf: bytes, authority: Authority) -> None:
    verdict = verify(sealed_pdf, roots=[authority.root_der])
    assert any("asserted by the organization itself" in sentence for sentence in verdict.sentences("en"))
    assert any("afirma la propia organización" in sentence for sentence in verdict.sentences("es"))


# --- manners --------------------------------------------------------------------------------------------------------


def test_nothing_is_asked_of_the_network(
    sealed_pdf: bytes, client_pdf: bytes, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*args: object, **settings: object) -> None:
        raise AssertionError("network")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    for days in (0, 31):
        with after(days):
            assert verify(sealed_pdf, roots=[authority.root_der]).accepted
            verify(client_pdf, roots=[authority.root_der])


def test_no_name_reaches_the_logs(
    sealed_pdf: bytes, client_pdf: bytes, authority: Authority, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    some_verdicts(sealed_pdf, client_pdf, authority)
    with after(400):
        some_verdicts(sealed_pdf, client_pdf, authority)
    assert "Rosa" not in caplog.text
    assert "Somebody" not in caplog.text


def test_a_mistake_of_the_caller_is_told_to_the_caller(sealed_pdf: bytes, authority: Authority) -> None:
    with pytest.raises(ValueError):
        verify(sealed_pdf, roots=[b"no certificate"])
    with pytest.raises(ValueError, match="time zone"):
        verify(sealed_pdf, roots=[authority.root_der], now=datetime(2027, 1, 1))  # noqa: DTZ001


def test_bytes_like_input_and_threads_and_running_loops_are_all_the_same(
    sealed_pdf: bytes, authority: Authority
) -> None:
    async def inside_a_loop() -> Verdict:
        return verify(bytearray(sealed_pdf), roots=[authority.root_der])

    assert asyncio.run(inside_a_loop()).accepted
    with ThreadPoolExecutor(3) as pool:
        assert all(pool.map(lambda _: verify(sealed_pdf, roots=[authority.root_der]).accepted, range(3)))


def test_the_python_on_the_page_runs_as_it_stands(sealed_pdf: bytes, authority: Authority) -> None:
    page = (Path(__file__).parents[2] / "docs" / "verify.md").read_text(encoding="utf-8")
    for block in re.findall(r"```python\n(.*?)```", page, re.DOTALL):
        exec(compile(block, "verify.md", "exec"), {"pdf": sealed_pdf, "root": authority.root_der})  # noqa: S102


def test_the_page_names_every_outcome_and_clock() -> None:
    page = (Path(__file__).parents[2] / "docs" / "verify.md").read_text(encoding="utf-8")
    for word in [*Outcome, *Clock]:
        assert f"`{word.value}`" in page, word
