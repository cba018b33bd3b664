"""A whole site without its processes: the register's small agency, a real vault, a real authority and real papers.

What the duties of upkeep look at was signed three weeks ago; nothing here moves a clock.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from pathlib import Path

import pytest
from asn1crypto import tsp

from flows.duties import kept, passing, reconciling, statement_life
from flows.found import Found, Kind
from flows.site import Site
from flows.staging import clear, staged
from register import facts
from register.vocabulary import ObjectArea
from rules.draft import Expiry
from rules.vocabulary import Proof, SignerRole
from signing import appearance, chain, prepare, seal
from signing.authority import Authority
from signing.timestamp import EmbeddedStamper, Stamper
from storage.protocol import Area
from tests.register.conftest import World, _built, _light_passwords, world  # noqa: F401 - fixtures are found by name

PAPER = Path(__file__).parents[1] / "signing" / "data" / "rendered.pdf"
LABELS = {"client": "Client signature", "witness": "Witness signature", "org_seal": "Seal of the organization"}
SIGNED_DAYS_AGO = 21
LATE = dt.timedelta(days=15)


class SilentStamper(Stamper):
    """A time-stamp authority that does not answer."""

    @property
    def token_room(self) -> int:
        return 12 * 1024

    async def async_request_tsa_response(self, req: tsp.TimeStampReq) -> tsp.TimeStampResp:
        raise ConnectionRefusedError


@dataclass(frozen=True, slots=True, kw_only=True)
class Papers:
    """One document at every stage, signed `SIGNED_DAYS_AGO` days ago."""

    certified_at: dt.datetime
    certified: bytes
    by_client: bytes
    by_client_late: bytes
    """Signed `LATE` after the organization certified it."""
    by_client_archived: bytes
    by_both: bytes
    sealed: bytes
    sealed_without_time: bytes


@dataclass(frozen=True, slots=True)
class Setting:
    """A site and the shortest ways to bring a statement where a duty finds it."""

    world: World
    site: Site
    papers: Papers

    @property
    def now(self) -> dt.datetime:
        return self.world.now

    def later(self, **passed: float) -> dt.datetime:
        return self.now + dt.timedelta(**passed)

    def ask(self, **changes: object) -> facts.StatementRequest:
        today = self.world.today
        lasting = {"effective_from": today, "expiry": Expiry(date=today + dt.timedelta(days=90))}
        return self.world.ask(**{**lasting, **changes})

    def document(self, pdf: bytes, area: ObjectArea = ObjectArea.WORKING) -> facts.Document:
        return staged(self.site, pdf, area=area, pages=2)

    def presented(self, pdf: bytes | None = None, **asked: object) -> facts.Statement:
        from register import packets, statements

        packet = self.world.opened(self.ask(**asked))
        assert packets.claim_next("worker", lease_seconds=60, now=self.now) is not None
        (row,) = packet.statements
        document = self.document(pdf or self.papers.certified)
        statements.present(row.statement_id, holder="worker", document=document, now=self.now)
        packets.issued(packet.packet_id, "worker", stage_ms={}, now=self.now)
        return statements.show(row.statement_id)

    def signed(self, row: facts.Statement, role: SignerRole, pdf: bytes) -> facts.Statement:
        from register import signings

        by = self.world.witness if role is SignerRole.WITNESS else self.world.intake
        act, document = self.world.act(row, role), self.document(pdf)
        after = signings.record(self.world.vault, act, document, consent_in_force="2026.11", staff=by, now=self.now)
        clear(self.site, row.working_object_id or "", ObjectArea.WORKING)
        return after

    def kept(
        self,
        pdf: bytes | None = None,
        *,
        proof: Proof = Proof.SEALED,
        until: dt.datetime | None = None,
        **asked: object,
    ) -> facts.Record:
        """A record of `pdf`, whose lock in store and register reaches to `until` (a year and more, unless told)."""
        from flows.sealing import lock_until
        from register import statements

        row = self.signed(self.presented(**asked), SignerRole.CLIENT, self.papers.by_client)
        row = self.signed(row, SignerRole.WITNESS, self.papers.by_both)
        claim = statements.claim_sealing("sealer", lease_seconds=60, now=self.now)
        assert claim is not None
        lock = until or lock_until(self.now)
        document = self.document(pdf or self.papers.sealed, ObjectArea.RECORDS)
        record = statements.activate(
            claim.claimed_id, holder="sealer", document=document, proof=proof, retain_until=lock, now=self.now
        )
        self.site.vault.store.protect(Area.RECORDS, record.object_id, retain_until=lock)
        assert record.superseded_object_id is not None
        clear(self.site, record.superseded_object_id, ObjectArea.WORKING)
        return record

    def file_of(self, object_id: str, area: str = "records") -> Path:
        """The only file of an object in the directory store."""
        (path,) = (self.world.home / "records" / area).glob(f"*/{object_id}.??????")
        return path


DUTY = {
    "expire": statement_life.expire,
    "void_over": statement_life.void_over,
    "void_never_signed": statement_life.void_never_signed,
    "stamp_part_signed": statement_life.stamp_part_signed,
    "upgrade": kept.upgrade,
    "extend_locks": kept.extend_locks,
    "prove": kept.prove,
    "reconcile": reconciling.reconcile,
    "clear_orphans": passing.clear_orphans,
    "give_back_leases": passing.give_back_leases,
    "prove_audit": passing.prove_audit,
    "tell_stuck": passing.tell_stuck,
}


def found(setting: Setting, duty: str, moment: dt.datetime | None = None, *, dry: bool = False) -> list[Found]:
    """What one duty finds, done or only told."""
    return list(DUTY[duty](setting.site, moment or setting.now, dry))


def kinds(found: list[Found] | tuple[Found, ...]) -> list[Kind]:
    return [each.kind for each in found]


@pytest.fixture(scope="session")
def began() -> dt.datetime:
    """When the papers were signed."""
    return dt.datetime.now(dt.UTC).replace(microsecond=0) - dt.timedelta(days=SIGNED_DAYS_AGO)


@pytest.fixture(scope="session")
def authority(began: dt.datetime) -> Authority:
    return Authority.create("Harbor Reentry Services", now=began - dt.timedelta(days=1))


@pytest.fixture(scope="session")
def papers(authority: Authority, began: dt.datetime) -> Papers:
    clock = EmbeddedStamper(authority, clock=lambda: began)

    def signed(pdf: bytes, role: str, stamper: Stamper, moment: dt.datetime = began) -> bytes:
        look = appearance.typed("Nobody Real", moment, role_line=role)
        return chain.sign(
            pdf, authority, stamper, role=role, signer_name="Nobody Real", act_id="ACT", appearance=look, reason="I do",
            now=moment,
        ).pdf  # fmt: skip

    def sealed(pdf: bytes, stamper: Stamper) -> bytes:
        look = appearance.seal("Harbor Reentry Services", began, role_line="Seal")
        return seal.seal(pdf, authority, stamper, appearance=look, now=began).pdf

    certified = chain.certify(prepare.prepare(PAPER.read_bytes(), LABELS), authority, clock, now=began).pdf
    by_client = signed(certified, "client", clock)
    by_both = signed(by_client, "witness", clock)
    return Papers(
        certified_at=began,
        certified=certified,
        by_client=by_client,
        by_client_late=signed(
            certified, "client", EmbeddedStamper(authority, clock=lambda: began + LATE), began + LATE
        ),
        by_client_archived=seal.stamp_part_signed(by_client, authority, clock, now=began),
        by_both=by_both,
        sealed=sealed(by_both, clock),
        sealed_without_time=sealed(by_both, SilentStamper()),
    )


@pytest.fixture
def setting(world: World, papers: Papers, authority: Authority) -> Setting:  # noqa: F811 - the fixture
    world.now = dt.datetime.now(dt.UTC)
    site = Site(world.settings)
    site.vault, site.authority, site.stamper = world.vault, authority, EmbeddedStamper(authority)
    return Setting(world, site, papers)
