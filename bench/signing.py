"""The ceremony and the seal: what a person in front of the desk waits for."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import TYPE_CHECKING
from uuid import uuid4

from bench.figures import Figure, median, spread
from bench.site import NotReady, TrainingSite, ink

if TYPE_CHECKING:
    from flows.finishing import Finisher
    from register.facts import Packet, Statement
    from rules.vocabulary import SignerRole

SIGN_MS = 150.0
SEAL_MS = 400.0
WARM_UPS = 2
PER_PACKET = 4
SEAL_SECONDS = 60.0
POLL_SECONDS = 0.005


def measure_sign(site: TrainingSite, rounds: int) -> Iterator[Figure]:
    """A client's signature, from the request to the register's answer that it is kept."""
    from rules.vocabulary import SignerRole

    site.start()
    shown_ms: list[float] = []
    signed_ms: list[float] = []
    for packet in _packets(site, WARM_UPS + rounds):
        for row in packet.statements:
            showing, signing = _act(site, row, SignerRole.CLIENT)
            shown_ms.append(showing)
            signed_ms.append(signing)
    kept = signed_ms[WARM_UPS:]
    yield Figure(
        name="a client's signature, request to stored",
        value=median(kept),
        unit="ms",
        target=SIGN_MS,
        notes=f"{spread(kept, 'ms')}; showing the document before takes {median(shown_ms[WARM_UPS:]):.0f} ms",
    )


def measure_seal(site: TrainingSite, rounds: int) -> Iterator[Figure]:
    """The organization's seal with everybody's data and the archival stamp; and the same as the worker does it."""
    site.start()
    packets = list(_packets(site, WARM_UPS + rounds))
    alone = [took for packet in packets for took in _sealed_here(site, packet)][WARM_UPS:]
    yield Figure(
        name="seal to B-LTA, four signers",
        value=median(alone),
        unit="ms",
        target=SEAL_MS,
        notes=f"{spread(alone, 'ms')}; in a signing process of the worker's kind",
    )
    waited = [_sealed_by_worker(site, row) for packet in packets for row in packet.statements][WARM_UPS:]
    yield Figure(
        name="last signature to record in force",
        value=median(waited),
        unit="ms",
        notes=f"{spread(waited, 'ms')}; bell, worker, seal, store under lock, register",
    )


def sealed_file(site: TrainingSite) -> bytes:
    """A sealed PDF as a client has it."""
    from flows.finishing import Finisher

    site.start()
    finisher = Finisher(site.site.authority, site.site.stamper, processes=1)
    try:
        return _seal(site, finisher, _signed_by_all(site, site.packet().statements[1]))[0]
    finally:
        finisher.close()


def _packets(site: TrainingSite, statements: int) -> Iterator[Packet]:
    """Fresh packets with at least so many statements together."""
    for _ in range(-(-statements // PER_PACKET)):
        yield site.packet()


def _act(site: TrainingSite, row: Statement, role: SignerRole) -> tuple[float, float]:
    """One person signs as in a ceremony; milliseconds of showing and of signing."""
    from flows import ceremony
    from rules.vocabulary import IdentifiedHow, InkKind, ReadOn, SignerRole

    began = time.perf_counter()
    shown = ceremony.show(site.site, row.statement_id)
    showing = time.perf_counter() - began
    if role is SignerRole.CLIENT:
        how = ceremony.client_circumstances(
            shown, identified_how=IdentifiedHow.PHOTO_ID, read_on=ReadOn.PAPER, device="bench"
        )
    else:
        how = ceremony.witness_circumstances(shown, device="bench")
    hand = ceremony.Hand(ink=InkKind.DRAWN, drawing=ink(role.value))
    began = time.perf_counter()
    ceremony.sign(site.site, shown, role=role, hand=hand, circumstances=how, by=site.me)
    return showing * 1000, (time.perf_counter() - began) * 1000


def _sealed_here(site: TrainingSite, packet: Packet) -> Iterator[float]:
    from flows.finishing import Finisher

    finisher = Finisher(site.site.authority, site.site.stamper, processes=1)
    try:
        finisher.warm()
        for row in packet.statements:
            yield _seal(site, finisher, _signed_by_all(site, row))[1]
    finally:
        finisher.close()


def _signed_by_all(site: TrainingSite, row: Statement) -> bytes:
    """The document with every person's signature, made beside the register: its own waits for nobody."""
    from flows import ceremony
    from flows.ceremony import Hand, _picture
    from flows.site import now
    from rules.vocabulary import InkKind
    from signing import chain

    pdf = ceremony.show(site.site, row.statement_id).pdf
    for role in row.signers:
        if role.value not in ("client", "witness"):
            continue
        pdf = chain.sign(
            pdf,
            site.site.authority,
            site.site.stamper,
            role=role.value,
            signer_name="Mari Vega",
            act_id=uuid4().hex,
            appearance=_picture(site.site, row, role, Hand(ink=InkKind.DRAWN, drawing=ink(role.value)), "Mari Vega"),
            reason="I have read this and I agree",
            now=now(),
        ).pdf
    return pdf


def _seal(site: TrainingSite, finisher: Finisher, pdf: bytes) -> tuple[bytes, float]:
    from flows.sealing import _picture
    from flows.site import now
    from rules.vocabulary import Language
    from signing.seal import SealLevel

    moment = now()
    began = time.perf_counter()
    sealed = finisher.seal(pdf, appearance=_picture(Language.EN, moment), at=moment)
    took = (time.perf_counter() - began) * 1000
    assert sealed.level is SealLevel.SEALED
    return sealed.pdf, took


def _sealed_by_worker(site: TrainingSite, row: Statement) -> float:
    """Client and witness sign; milliseconds from then until the statement is in force."""
    from flows.bell import ring
    from register import statements
    from rules.vocabulary import SignerRole, StatementState

    for role in (SignerRole.CLIENT, SignerRole.WITNESS):
        if role in row.signers:
            _act(site, row, role)
    began = time.perf_counter()
    ring(site.site.configuration)
    while statements.show(row.statement_id).state is not StatementState.ACTIVE:
        if time.perf_counter() - began > SEAL_SECONDS:
            raise NotReady("a statement was not sealed in time")
        time.sleep(POLL_SECONDS)
    return (time.perf_counter() - began) * 1000
