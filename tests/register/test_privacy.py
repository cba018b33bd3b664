"""A canary planted in a whole life of a client is found in no file of the site."""

from __future__ import annotations

import base64
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from register import facts
from register.vocabulary import CopyMethod, HandoverMethod
from rules.emergency import Emergency, EmergencyGround
from rules.vocabulary import DisclosureBasis, InformationCategory, PurposeCode
from tests.cluster import ON_POSTGRESQL, on_sqlite_only, shared_cluster

if TYPE_CHECKING:
    from tests.register.conftest import World

REASON = "the Zanzibarstreet landlord is known to her"
WORDS = (
    "Quetzalcanario",
    "García",
    "Garcia",
    "Zanzibarstreet",
    "1987-03-14",
    "14.03.1987",
    "March 14",
    "Wilma",
    "Hana",
)
_BASE64 = re.compile(rb"[A-Za-z0-9+/\-_]{24,}={0,2}")


def traces(blob: bytes) -> set[str]:
    """The planted words found in bytes: as text in any case, in UTF-16, and inside base64."""
    found = set()
    views = [blob]
    for match in _BASE64.findall(blob):
        for start in range(4):
            piece = match[start:].rstrip(b"=").translate(bytes.maketrans(b"-_", b"+/"))
            views.append(base64.b64decode(piece[: len(piece) // 4 * 4]))
    for view in views:
        low = view.lower()
        for word in WORDS:
            for encoding in ("utf-8", "latin-1", "utf-16-le", "utf-16-be"):
                if word.lower().encode(encoding) in low:
                    found.add(word)
    return found


def live_a_life(world: World) -> None:
    from register import clients, emergencies, ledger, standing, statements

    active = world.activated()
    clients.find(world.vault, world.NAME, world.BIRTH, by=world.intake, now=world.now)
    clients.rename(world.vault, world.ids.client, legal_name="Ana García", by=world.intake, now=world.now)
    ledger.enter(
        world.vault,
        client_id=world.ids.client,
        statement_id=active.statement_id,
        organization_id=world.ids.housing,
        categories=(InformationCategory.ATTENDANCE,),
        basis=DisclosureBasis.CONSENT,
        purpose=PurposeCode.HOUSING_PLACEMENT,
        told=facts.Handover(method=HandoverMethod.PAPER, received_by="Hana Housing", description=REASON),
        by=world.intake,
        now=world.now,
    )
    words = Emergency(
        ground=EmergencyGround.CONSENT_UNOBTAINABLE,
        to_medical_personnel=True,
        affiliation=REASON,
        disclosed_by="Wilma",
        nature=REASON,
    )
    call = facts.Handover(method=HandoverMethod.SPOKEN, received_by="Hana", description=REASON)
    emergencies.write_down(
        world.vault, world.ids.client, words, call, happened_at=world.now, by=world.intake, now=world.now
    )
    ledger.copy_given(active.statement_id, method=CopyMethod.PAPER, by=world.intake, now=world.now)
    standing.mark_known_false(world.vault, active.statement_id, reason=REASON, by=world.counsel, now=world.now)
    draft = statements.draft(world.vault, active.statement_id, by=world.intake, now=world.now)
    assert draft.purpose_text == world.PURPOSE


def test_no_personal_data_lies_in_clear_in_any_file(world: World) -> None:
    live_a_life(world)
    files = [path for path in world.home.rglob("*") if path.is_file()]
    if ON_POSTGRESQL:
        # the heap, free pages, the write-ahead log and what the server wrote down
        server = shared_cluster().files()
        assert b"Harbor Reentry Services" in server
        # every cluster lists collations, among them for Diego Garcia and for Ghana
        assert traces(server) <= {"Garcia", "Hana"}
    else:
        assert {"register.db", "register.db-wal", "keyring.db"} <= {path.name for path in files}
        assert next(path for path in files if path.name == "register.db-wal").stat().st_size > 0
    assert {path.name: traces(path.read_bytes()) for path in files if traces(path.read_bytes())} == {}
    assert not any(traces(str(path).encode()) for path in files)


@pytest.mark.parametrize(
    "plant",
    [
        b"QUETZALCANARIO",
        "García".encode("latin-1"),
        "Zanzibarstreet".encode("utf-16-le"),
        b"x" + base64.b64encode(b"some words before Quetzalcanario and after"),
        base64.urlsafe_b64encode("born 1987-03-14 \u00ff\u00fe in a city".encode()),
    ],
)
def test_the_search_for_the_canary_would_find_it(plant: bytes) -> None:
    assert traces(b"\x00\x01" + plant + b"\xff")


@on_sqlite_only
def test_after_a_checkpoint_the_log_file_is_empty_and_still_nothing_is_in_clear(world: World) -> None:
    from register import boot, models

    live_a_life(world)
    token = bytes(models.NameToken.objects.all()[0].token)
    models.NameToken.objects.all().delete()
    boot.checkpoint()

    assert (world.home / "register.db-wal").stat().st_size == 0
    assert token not in (world.home / "register.db").read_bytes()
    assert traces((world.home / "register.db").read_bytes()) == set()


def test_no_error_of_the_register_repeats_what_it_refused(world: World) -> None:
    from register import clients
    from register.errors import RegisterError
    from rules.draft import Identity

    with pytest.raises(RegisterError) as error:
        clients.add(
            world.vault,
            Identity(legal_name=world.NAME, birth_date=world.BIRTH),
            by=world.intake,
            now=world.now,
        )
    assert traces(repr(error.value).encode() + str(error.value).encode()) == set()


def test_what_the_register_tells_other_rooms_shows_nothing_of_the_client(world: World) -> None:
    from register import audit, packets, signings

    active = world.activated()
    told = repr(
        (active, packets.show(active.packet_id), signings.of(active.statement_id), audit.entries(), world.request())
    )
    assert traces(told.encode()) == set()


def test_a_damaged_identity_is_refused_without_repeating_it(world: World) -> None:
    from register import clients, models, sealed

    blob = sealed.seal(world.vault, world.ids.client, "identity", f'{{"legal_name": "{world.NAME}"}}'.encode())
    models.Client.objects.filter(pk=world.ids.client).update(sealed_identity=blob)
    with pytest.raises(ValueError, match="is not one") as error:
        clients.identity(world.vault, world.ids.client, by=world.WORKER, now=world.now)
    chain = f"{error.value!r}{error.value.__context__!r}{error.value.__cause__!r}"
    assert traces(chain.encode()) == set()


def test_files_are_for_their_owner_only(world: World, tmp_path: Path) -> None:
    import os
    import subprocess
    import sys

    site = {
        **os.environ,
        "CONFIDE_HOME": str(tmp_path / "fresh" / "var"),
        "DJANGO_SETTINGS_MODULE": "register.settings",
    }
    program = "from register import boot; boot.migrate(); assert boot.migrated()"
    subprocess.run([sys.executable, "-c", program], env=site, check=True, umask=0)
    made = tmp_path / "fresh" / "var"
    assert made.stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in made.rglob("*") if path.is_file()} == {0o600}
