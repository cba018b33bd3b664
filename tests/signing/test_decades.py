"""Signatures decades on, judged by pyHanko's AdES validation with the clock really moved.

pyHanko's own simulation of the future is too kind: files it called good for ten years failed after forty minutes. So
the clock itself is moved here, for the making and for the judging, and nothing may be fetched.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest
from freezegun import freeze_time

from signing import chain, prepare, seal
from signing.authority import Authority
from signing.errors import SigningCode, SigningError, StampUnavailable
from signing.timestamp import EmbeddedStamper
from signing.verify import verify

START = datetime.now(UTC).replace(microsecond=0)
DAY, YEAR = timedelta(days=1), timedelta(days=365.25)
LATER = (timedelta(0), 31 * DAY, 400 * DAY, 10 * YEAR, 19 * YEAR)
SOON = timedelta(minutes=10)
SIGNERS = ("org_cert", "client", "witness", "org_seal")
Step = Callable[[bytes, Authority, EmbeddedStamper], bytes]
Judge = Callable[[bytes, Sequence[bytes]], dict[str, str]]


@contextmanager
def on(day: timedelta) -> Iterator[datetime]:
    """The clock, moved to so long after the start, and running."""
    with freeze_time(START + day, tick=True, ignore=["asyncio"]):
        yield START + day


def prove_for_decades(
    judge: Judge, pdf: bytes, authority: Authority, made: timedelta, times: tuple[timedelta, ...] = LATER
) -> None:
    """Good on the day and on every later day."""
    for later in times:
        # the clock ran while the file was made, and on a busy machine for a while
        with on(made + later + SOON):
            judged = judge(pdf, [authority.root_der])
        assert set(SIGNERS) <= set(judged), later
        assert set(judged.values()) == {"OK"}, (later, judged)


@pytest.fixture(scope="module")
def old_authority() -> Authority:
    """An authority made on the first day of the story."""
    with on(timedelta(0)) as moment:
        return Authority.create("Riverbend Counseling", now=moment)


@pytest.fixture(scope="module")
def old_stamper(old_authority: Authority) -> EmbeddedStamper:
    return EmbeddedStamper(old_authority)


@pytest.fixture(scope="module")
def certified(prepared_pdf: bytes, old_authority: Authority, old_stamper: EmbeddedStamper) -> bytes:
    """Certified on the first day."""
    with on(timedelta(0)) as moment:
        return chain.certify(prepared_pdf, old_authority, old_stamper, now=moment).pdf


@pytest.fixture(scope="module")
def part_signed(certified: bytes, old_authority: Authority, old_stamper: EmbeddedStamper, client_signs: Step) -> bytes:
    """Certified and signed by the client on the first day."""
    with on(timedelta(0)):
        return client_signs(certified, old_authority, old_stamper)


class SilentStamper(EmbeddedStamper):
    """A time-stamp authority that is down."""

    async def async_timestamp(self, message_digest: bytes, md_algorithm: str) -> object:
        raise StampUnavailable(SigningCode.STAMP_UNAVAILABLE, "Down.", "Wait.")


def test_a_statement_sealed_on_the_day_is_proven_for_nineteen_years_offline(
    part_signed: bytes,
    old_authority: Authority,
    old_stamper: EmbeddedStamper,
    witness_signs: Step,
    organization_seals: Step,
    judge: Judge,
) -> None:
    with on(timedelta(hours=2)):
        witnessed = witness_signs(part_signed, old_authority, old_stamper)
        sealed = organization_seals(witnessed, old_authority, old_stamper)
    prove_for_decades(judge, sealed, old_authority, timedelta(hours=2))


def test_a_part_signed_statement_stamped_on_day_25_and_sealed_on_day_40_is_proven_for_decades(
    part_signed: bytes,
    old_authority: Authority,
    old_stamper: EmbeddedStamper,
    witness_signs: Step,
    organization_seals: Step,
    judge: Judge,
) -> None:
    with on(25 * DAY) as moment:
        stamped = seal.stamp_part_signed(part_signed, old_authority, old_stamper, now=moment)
    with on(40 * DAY):
        witnessed = witness_signs(stamped, old_authority, old_stamper)
        sealed = organization_seals(witnessed, old_authority, old_stamper)
    prove_for_decades(judge, sealed, old_authority, 40 * DAY)


@pytest.mark.parametrize(("signed", "stamped"), [(15, 20.5), (25, 25.5), (27.9, 29.6)])
def test_a_client_who_signs_late_is_proven_for_decades_when_stamped_in_the_days_of_the_certification(
    signed: float,
    stamped: float,
    certified: bytes,
    old_authority: Authority,
    old_stamper: EmbeddedStamper,
    client_signs: Step,
    witness_signs: Step,
    organization_seals: Step,
    judge: Judge,
) -> None:
    with on(signed * DAY):
        part = client_signs(certified, old_authority, old_stamper)
    assert seal.deadlines(part).window_ends == seal.deadlines(certified).window_ends, "the first to run out decides"
    with on(stamped * DAY) as moment:
        archived = seal.stamp_part_signed(part, old_authority, old_stamper, now=moment)
    with on(40 * DAY):
        sealed = organization_seals(witness_signs(archived, old_authority, old_stamper), old_authority, old_stamper)
    prove_for_decades(judge, sealed, old_authority, 40 * DAY, (timedelta(0), 31 * DAY, 19 * YEAR))


def test_nobody_begins_to_sign_when_fewer_than_two_nights_are_left_to_archive_it_but_who_follows_may(
    certified: bytes,
    old_authority: Authority,
    old_stamper: EmbeddedStamper,
    client_signs: Step,
    witness_signs: Step,
    organization_seals: Step,
    judge: Judge,
) -> None:
    with on(28.1 * DAY), pytest.raises(SigningError) as refused:
        client_signs(certified, old_authority, old_stamper)
    assert refused.value.code is SigningCode.TOO_LATE_TO_SIGN
    with on(27.9 * DAY):
        part = client_signs(certified, old_authority, old_stamper)
    with on(29.5 * DAY):
        sealed = organization_seals(witness_signs(part, old_authority, old_stamper), old_authority, old_stamper)
    prove_for_decades(judge, sealed, old_authority, 29.5 * DAY, (timedelta(0), 31 * DAY, 19 * YEAR))


def test_a_file_signed_while_a_clock_was_set_back_is_told_so_and_only_then(
    part_signed: bytes,
    old_authority: Authority,
    old_stamper: EmbeddedStamper,
    witness_signs: Step,
    organization_seals: Step,
) -> None:
    with on(2 * DAY):
        witnessed = witness_signs(part_signed, old_authority, old_stamper)
    told = []
    for day in (DAY, 3 * DAY):
        with on(day):
            sealed = organization_seals(witnessed, old_authority, old_stamper)
        with on(4 * DAY):
            verdict = verify(sealed, roots=[old_authority.root_der])
        assert verdict.accepted, "what was signed is not in doubt"
        told.append((verdict.times_backwards, any("run backwards" in line for line in verdict.sentences())))
    assert told == [(True, True), (False, False)]


def test_a_part_signed_statement_that_nobody_stamped_cannot_be_continued_after_thirty_days(
    part_signed: bytes, old_authority: Authority, old_stamper: EmbeddedStamper, witness_signs: Step
) -> None:
    with on(31 * DAY), pytest.raises(SigningError) as refused:
        witness_signs(part_signed, old_authority, old_stamper)
    assert refused.value.code is SigningCode.WINDOW_CLOSED
    with on(31 * DAY) as moment, pytest.raises(SigningError) as refused:
        seal.stamp_part_signed(part_signed, old_authority, old_stamper, now=moment)
    assert refused.value.code is SigningCode.WINDOW_CLOSED


def test_a_file_sealed_without_time_is_proven_for_decades_once_it_is_upgraded(
    part_signed: bytes,
    old_authority: Authority,
    old_stamper: EmbeddedStamper,
    witness_signs: Step,
    judge: Judge,
) -> None:
    with on(timedelta(hours=1)) as moment:
        silent = SilentStamper(old_authority)
        witnessed = witness_signs(part_signed, old_authority, silent)
        sealed = seal.seal(witnessed, old_authority, silent, appearance=None, now=moment)
    assert sealed.level is seal.SealLevel.SEALED_WITHOUT_TIME
    with on(12 * DAY) as moment:
        with pytest.raises(StampUnavailable):
            seal.upgrade(sealed.pdf, old_authority, silent, now=moment)
        upgraded = seal.upgrade(sealed.pdf, old_authority, old_stamper, now=moment)
    assert upgraded.level is seal.SealLevel.SEALED
    prove_for_decades(judge, upgraded.pdf, old_authority, 12 * DAY, (timedelta(0), 31 * DAY, 19 * YEAR))


def test_a_file_sealed_without_time_cannot_be_upgraded_when_a_certificate_has_run_out(
    part_signed: bytes, old_authority: Authority, witness_signs: Step, old_stamper: EmbeddedStamper
) -> None:
    silent = SilentStamper(old_authority)
    with on(20 * DAY) as moment:
        witnessed = witness_signs(part_signed, old_authority, silent)
        sealed = seal.seal(witnessed, old_authority, silent, appearance=None, now=moment)
    with on(31 * DAY) as moment, pytest.raises(SigningError) as refused:
        seal.upgrade(sealed.pdf, old_authority, old_stamper, now=moment)
    assert refused.value.code is SigningCode.WINDOW_CLOSED


def test_renewal_before_the_stamp_certificate_ends_carries_the_proof_beyond_it(
    part_signed: bytes,
    old_authority: Authority,
    old_stamper: EmbeddedStamper,
    witness_signs: Step,
    organization_seals: Step,
    judge: Judge,
) -> None:
    with on(timedelta(hours=2)):
        sealed = organization_seals(witness_signs(part_signed, old_authority, old_stamper), old_authority, old_stamper)
    assert seal.deadlines(sealed).window_ends is None
    ends = seal.deadlines(sealed).archive_ends
    assert ends is not None
    assert 19.9 * YEAR < ends - START < 20.1 * YEAR
    with on(18 * YEAR) as moment:
        younger = old_authority.renewed(now=moment)
        renewed = seal.renew(sealed, younger, EmbeddedStamper(younger), now=moment)
    for years in (19, 29):
        with on(years * YEAR + DAY):
            judged = judge(renewed, [old_authority.root_der])
        # the first stamp's certificate is over by then; it is the second stamp that proves it, and it the signatures
        assert {judged[name] for name in (*SIGNERS, "archive_ts_2")} == {"OK"}, (years, judged)
    with on(25 * YEAR):
        assert set(judge(sealed, [old_authority.root_der]).values()) != {"OK"}
    with on(25 * YEAR) as moment, pytest.raises(SigningError) as refused:
        seal.renew(sealed, younger, EmbeddedStamper(younger), now=moment)
    assert refused.value.code is SigningCode.WINDOW_CLOSED


def test_the_archival_fields_suffice_for_six_stamps_and_the_seventh_is_refused(
    part_signed: bytes, old_authority: Authority, old_stamper: EmbeddedStamper, witness_signs: Step
) -> None:
    with on(timedelta(hours=2)) as moment:
        witnessed = witness_signs(part_signed, old_authority, old_stamper)
        pdf = seal.seal(witnessed, old_authority, old_stamper, appearance=None, now=moment).pdf
    for years in range(1, 6):
        with on(years * YEAR) as moment:
            younger = old_authority.renewed(now=moment)
            pdf = seal.renew(pdf, younger, EmbeddedStamper(younger), now=moment)
    with on(6 * YEAR) as moment:
        younger = old_authority.renewed(now=moment)
        with pytest.raises(SigningError) as refused:
            seal.renew(pdf, younger, EmbeddedStamper(younger), now=moment)
    assert refused.value.code is SigningCode.NO_ARCHIVE_FIELD


def test_a_renewal_that_lasts_no_longer_is_refused_and_uses_up_nothing(
    part_signed: bytes, old_authority: Authority, old_stamper: EmbeddedStamper, witness_signs: Step
) -> None:
    with on(timedelta(hours=2)) as moment:
        witnessed = witness_signs(part_signed, old_authority, old_stamper)
        pdf = seal.seal(witnessed, old_authority, old_stamper, appearance=None, now=moment).pdf
    with on(19 * YEAR) as moment, pytest.raises(SigningError) as refused:
        seal.renew(pdf, old_authority, old_stamper, now=moment)
    assert refused.value.code is SigningCode.STAMP_NOT_LONGER


def test_preparing_needs_no_clock(rendered_pdf: bytes, labels: dict[str, str]) -> None:
    with on(timedelta(0)):
        early = prepare.prepare(rendered_pdf, labels)
    with on(3 * YEAR):
        late = prepare.prepare(rendered_pdf, labels)
    assert early == late
