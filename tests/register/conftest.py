"""A small agency with its people, organizations and one client, in a real database file and a real vault.

It is built once and copied for every test: threads and processes then meet the same file that a site would have.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import shutil
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar
from uuid import UUID, uuid4

import pytest

from register import boot, facts
from register.configuration import Configuration, read
from register.database import django_settings
from register.errors import RegisterError
from register.vocabulary import MachineName, ObjectArea, StaffRole
from rules.draft import Authority, Expiry, Identity
from rules.retention.words import EventKind
from rules.vocabulary import (
    AuthorityPaper,
    Family,
    IdentifiedHow,
    InformationCategory,
    InkKind,
    Language,
    MinorBasis,
    OrganizationKind,
    ProgramClass,
    Proof,
    PurposeCode,
    ReadOn,
    SignerCapacity,
    SignerRole,
)
from tests.cluster import ON_POSTGRESQL, shared_cluster

if TYPE_CHECKING:
    from pytest_django import DjangoDbBlocker

    from storage.vault import Vault

T = TypeVar("T")
NOW = dt.datetime(2026, 11, 23, 15, 0, tzinfo=dt.UTC)
PASSWORD = "a long enough sentence"
CANARY_NAME = "María García-López Quetzalcanario"
CANARY_BIRTH = dt.date(1987, 3, 14)
CANARY_PURPOSE = "so that the kitchen on Zanzibarstreet can be rented"
SIGNERS = (SignerRole.ORG_CERT, SignerRole.CLIENT, SignerRole.WITNESS, SignerRole.ORG_SEAL)
DISCLOSURE = facts.FormChoice(
    form_id="disclosure",
    form_version="2026.11",
    family=Family.SPECIFIC,
    retention_class="disclosure_statement",
    signers=SIGNERS,
)
ACKNOWLEDGMENT = facts.FormChoice(
    form_id="privacy-acknowledgment",
    form_version="2026.11",
    family=Family.ACKNOWLEDGMENT,
    retention_class="acknowledgment",
    signers=SIGNERS,
)


@dataclass(frozen=True, slots=True)
class Ids:
    administrator: UUID
    intake: UUID
    witness: UUID
    counsel: UUID
    officer: UUID
    client: UUID
    housing: UUID
    probation: UUID
    division_of_parole: UUID
    doccs: UUID


class World:
    """One site, and the shortest ways to do things in it."""

    NAME = CANARY_NAME
    BIRTH = CANARY_BIRTH
    PURPOSE = CANARY_PURPOSE
    PASSWORD = PASSWORD
    ACKNOWLEDGMENT = ACKNOWLEDGMENT
    DISCLOSURE = DISCLOSURE
    WORKER = facts.Machine(MachineName.PACKET_WORKER)
    UPKEEP = facts.Machine(MachineName.UPKEEP)

    def __init__(self, environment: Mapping[str, str], ids: Ids) -> None:
        from storage import embedded

        self.environment, self.ids = environment, ids
        self.settings = read(environment)
        self.home, self.keys = self.settings.home, self.settings.keys
        self.vault: Vault = embedded.open_vault(boot.places(self.settings))
        self.now = NOW

    def person(self, staff_id: UUID) -> facts.Person:
        from register import staff

        row = staff.show(staff_id)
        return facts.Person(row.staff_id, row.username, row.roles)

    @property
    def intake(self) -> facts.Person:
        return self.person(self.ids.intake)

    @property
    def witness(self) -> facts.Person:
        return self.person(self.ids.witness)

    @property
    def counsel(self) -> facts.Person:
        return self.person(self.ids.counsel)

    @property
    def officer(self) -> facts.Person:
        return self.person(self.ids.officer)

    @property
    def administrator(self) -> facts.Person:
        return self.person(self.ids.administrator)

    def later(self, **passed: float) -> dt.datetime:
        self.now = self.now + dt.timedelta(**passed)
        return self.now

    def ask(self, organization_id: UUID | None = None, **changes: object) -> facts.StatementRequest:
        asked: dict[str, object] = {
            "form": DISCLOSURE,
            "language": Language.EN,
            "organization_id": organization_id or self.ids.housing,
            "effective_from": NOW.date(),
            "categories": (InformationCategory.ATTENDANCE,),
            "purposes": (PurposeCode.HOUSING_PLACEMENT,),
            "purpose_text": CANARY_PURPOSE,
            "expiry": Expiry(date=dt.date(2027, 5, 20)),
        }
        return facts.StatementRequest(**{**asked, **changes})  # type: ignore[arg-type]

    def minor(self) -> UUID:
        """A client of sixteen."""
        from register import clients

        identity = Identity(legal_name="Nilo Quetzalito", birth_date=dt.date(2010, 6, 1))
        return clients.add(self.vault, identity, by=self.intake, now=self.now).client_id

    def of_two(self, **changes: object) -> facts.StatementRequest:
        """What a minor and a parent must both sign."""
        asked: dict[str, object] = {
            "form": replace(DISCLOSURE, signers=(*SIGNERS[:2], SignerRole.REPRESENTATIVE, *SIGNERS[2:])),
            "minor_basis": MinorBasis.PARENT_MUST_JOIN,
            "capacity": SignerCapacity.PARENT,
            "representative_name": "Rosa Quetzalito",
            "authority": Authority(
                paper=AuthorityPaper.BIRTH_RECORD,
                issued_by="City of Rochester",
                reference="2010-417",
                seen_on=NOW.date(),
            ),
        }
        return self.ask(**{**asked, **changes})

    def request(
        self,
        *statements: facts.StatementRequest,
        request_id: UUID | None = None,
        acknowledgment: facts.FormChoice | None = None,
        client_id: UUID | None = None,
    ) -> facts.PacketRequest:
        return facts.PacketRequest(
            request_id=request_id or uuid4(),
            client_id=client_id or self.ids.client,
            statements=statements or (self.ask(),),
            acknowledgment=acknowledgment,
        )

    def open(self, request: facts.PacketRequest) -> facts.Packet:
        from register import packets

        return packets.open_packet(self.vault, request, by=self.intake, now=self.now)

    def opened(self, *statements: facts.StatementRequest) -> facts.Packet:
        return self.open(self.request(*statements))

    def document(self, area: ObjectArea = ObjectArea.WORKING, content: bytes | None = None) -> facts.Document:
        from register import objects
        from storage.protocol import Area

        content = content or uuid4().bytes
        object_id = objects.stage(area, now=self.now)
        stored = self.vault.put(object_id, content, area=Area(area.value))
        return facts.Document(
            object_id=object_id,
            version_id=stored.version_id,
            sealed_sha256=stored.stored_sha256,
            size=stored.size,
            document_sha256=hashlib.sha256(content).hexdigest(),
            pages=2,
        )

    def presented(self, *asked: facts.StatementRequest, client_id: UUID | None = None) -> facts.Statement:
        from register import packets, statements

        packet = self.open(self.request(*asked, client_id=client_id))
        claim = packets.claim_next("worker", lease_seconds=60, now=self.now)
        assert claim is not None
        for one in packet.statements:
            statements.present(one.statement_id, holder="worker", document=self.document(), now=self.now)
        packets.issued(packet.packet_id, "worker", stage_ms={"fill": 12}, now=self.now)
        return statements.show(packet.statements[0].statement_id)

    def act(self, shown: facts.Statement, role: SignerRole, **changes: object) -> facts.SigningAct:
        act: dict[str, object] = {
            "statement_id": shown.statement_id,
            "expected_revision": shown.revision,
            "role": role,
            "capacity": SignerCapacity.CLIENT,
            "ink": InkKind.DRAWN,
            "identified_how": IdentifiedHow.PHOTO_ID,
            "shown_sha256": shown.document_sha256,
            "signed_at": self.now,
            "device": "kiosk-1",
            "consent_version": "2026.11",
            "viewed_pages": 2,
            "read_on": ReadOn.PAPER,
            "paper_offered": True,
            "certificate_sha256": "ab" * 32,
            "certificate_serial": "1234",
            "stamped": True,
        }
        return facts.SigningAct(**{**act, **changes})  # type: ignore[arg-type]

    def signed(self, shown: facts.Statement, role: SignerRole, **changes: object) -> facts.Statement:
        from register import signings

        by = self.witness if role is SignerRole.WITNESS else self.intake
        if shown.family is Family.ELECTRONIC_RECORDS and role is SignerRole.CLIENT:
            signings.shown_in_a_file(shown.statement_id, shown.document_sha256, by=by, now=self.now)
            changes = {"read_on": ReadOn.FILE, **changes}
        return signings.record(
            self.vault,
            self.act(shown, role, **changes),
            self.document(),
            consent_in_force="2026.11",
            staff=by,
            now=self.now,
        )

    def all_signed(self, *asked: facts.StatementRequest) -> facts.Statement:
        return self.signed(self.signed(self.presented(*asked), SignerRole.CLIENT), SignerRole.WITNESS)

    def activated(self, *asked: facts.StatementRequest, proof: Proof = Proof.SEALED) -> facts.Statement:
        from register import statements

        ready = self.all_signed(*asked)
        claim = statements.claim_sealing("sealer", lease_seconds=60, now=self.now)
        assert claim is not None
        statements.activate(
            claim.claimed_id,
            holder="sealer",
            document=self.document(ObjectArea.RECORDS),
            proof=proof,
            retain_until=self.now + dt.timedelta(days=366),
            now=self.now,
        )
        return statements.show(ready.statement_id)

    def adopted(self, text: str | None = None) -> None:
        """A retention schedule in force, the shipped one unless told, and every day computed by it."""
        from register import due, schedules
        from rules.retention.reading import read, shipped_text

        text = text or shipped_text("us/ny")
        schedules.propose(text, by=self.officer, now=self.now)
        schedules.adopt(read(text).version, by=self.counsel, now=self.now)
        due.refresh(now=self.now)

    def record(self, *asked: facts.StatementRequest) -> facts.Record:
        """A record that was just kept."""
        from register import records

        found = records.of(self.activated(*asked).statement_id)
        assert found is not None
        return found

    @property
    def today(self) -> dt.date:
        """The agency's day: from the evening on in New York, the date of UTC has not come there yet."""
        from register import agency

        return agency.today(self.now)

    def happened(self, kind: EventKind, day: dt.date) -> None:
        """Something happened to the client."""
        from register import events

        events.record(self.vault, kind, client_id=self.ids.client, happened_on=day, by=self.officer, now=self.now)

    def in_threads(self, count: int, work: Callable[[int], T]) -> list[T | RegisterError]:
        """Run `work` in so many threads that start together; what the register refuses is an answer too."""
        together = threading.Barrier(count)

        def one(number: int) -> T | RegisterError:
            from django.db import connection

            together.wait()
            try:
                return work(number)
            except RegisterError as refused:
                return refused
            finally:
                connection.close()

        with ThreadPoolExecutor(count) as threads:
            return list(threads.map(one, range(count)))


def point_database_at(settings: Configuration) -> None:
    """Every connection of this process, of whatever thread, is to this site's register from now on."""
    from django.db import connection, connections

    connection.close()
    del connections["default"]
    connections.settings["default"] = connections.configure_settings({"default": django_settings(settings)})["default"]


@dataclass(frozen=True, slots=True)
class Built:
    """The site as it was built once: its files, and on PostgreSQL the databases to copy."""

    root: Path
    ids: Ids
    databases: Mapping[str, str]


def environment_of(root: Path, databases: Mapping[str, str]) -> dict[str, str]:
    """What a process is told to come to the site at `root`. `databases`: names on the shared server, by setting."""
    places = {"CONFIDE_HOME": str(root / "var"), "CONFIDE_KEYS": str(root / "keys")}
    return places | {setting: shared_cluster().url(name) for setting, name in databases.items()}


@pytest.fixture(scope="session")
def _built(tmp_path_factory: pytest.TempPathFactory, django_db_blocker: DjangoDbBlocker) -> Built:
    root = tmp_path_factory.mktemp("site")
    asked = ("CONFIDE_DATABASE_URL", "CONFIDE_KEYRING_URL") if ON_POSTGRESQL else ()
    databases = {setting: shared_cluster().database() for setting in asked}
    with django_db_blocker.unblock():
        return Built(root, _build(read(environment_of(root, databases))), databases)


@pytest.fixture
def world(_built: Built, tmp_path: Path, django_db_blocker: DjangoDbBlocker) -> Iterator[World]:
    with django_db_blocker.unblock():
        shutil.copytree(_built.root, tmp_path / "site")
        databases = {setting: shared_cluster().database(like=name) for setting, name in _built.databases.items()}
        built = World(environment_of(tmp_path / "site", databases), _built.ids)
        point_database_at(built.settings)
        yield built
        from django.db import connection

        built.vault.keyring.close()
        connection.close()
        if databases:
            shared_cluster().drop(*databases.values())


@pytest.fixture(scope="session", autouse=True)
def _light_passwords() -> None:
    """The same algorithm, cheap: the real cost is proved once in test_staff."""
    from django.contrib.auth.hashers import Argon2PasswordHasher, get_hashers

    hasher = get_hashers()[0]
    assert isinstance(hasher, Argon2PasswordHasher)
    hasher.memory_cost, hasher.time_cost, hasher.parallelism = 64, 1, 1


def _build(settings: Configuration) -> Ids:
    from django.core.management import call_command
    from django.db import connection

    from register import agency, clients, organizations, staff
    from storage import embedded

    boot.ready()
    places = boot.places(settings)
    embedded.create_master(places)
    point_database_at(settings)
    call_command("migrate", verbosity=0, interactive=False)
    vault = embedded.open_vault(places)
    setup = facts.Machine(MachineName.SETUP)
    agency.establish(
        vault,
        legal_name="Harbor Reentry Services",
        unit="Intake",
        address=("1 Pier Street", "Albany, NY 12207"),
        phone="518-555-0100",
        revocation_desk="Records desk, 1 Pier Street, Albany, NY 12207",
        time_zone="America/New_York",
        training=True,
        by=setup,
        now=NOW,
    )
    agency.classify(frozenset({ProgramClass.PART2_PROGRAM}), by=setup, now=NOW)

    def hire(username: str, name: str, roles: set[StaffRole], by: facts.Actor) -> facts.Staff:
        return staff.add(
            vault, username=username, display_name=name, roles=frozenset(roles), password=PASSWORD, by=by, now=NOW
        )

    first = hire("admin", "Ada Administrator", {StaffRole.ADMINISTRATOR}, setup)
    chief = facts.Person(first.staff_id, first.username, first.roles)
    intake = hire("intake", "Ines Intake", {StaffRole.INTAKE}, chief)
    witness = hire("witness", "Wilma Witness", {StaffRole.WITNESS}, chief)
    counsel = hire("counsel", "Carl Counsel", {StaffRole.COUNSEL}, chief)
    officer = hire("officer", "Olga Officer", {StaffRole.RECORDS_OFFICER}, chief)
    desk = facts.Person(intake.staff_id, intake.username, intake.roles)
    housing = organizations.add(
        legal_name="Albany County Housing Authority", kind=OrganizationKind.HOUSING, by=desk, now=NOW
    )
    probation = organizations.add(
        legal_name="Albany County Probation Department", kind=OrganizationKind.PROBATION, by=desk, now=NOW
    )
    old, new = organizations.ship_examples(by=desk, now=NOW)
    client = clients.add(vault, Identity(legal_name=CANARY_NAME, birth_date=CANARY_BIRTH), by=desk, now=NOW)
    vault.keyring.close()
    connection.close()
    return Ids(
        administrator=first.staff_id,
        intake=intake.staff_id,
        witness=witness.staff_id,
        counsel=counsel.staff_id,
        officer=officer.staff_id,
        client=client.client_id,
        housing=housing.organization_id,
        probation=probation.organization_id,
        division_of_parole=old.organization_id,
        doccs=new.organization_id,
    )
