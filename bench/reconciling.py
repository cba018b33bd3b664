"""The register's 100,000 records held against an S3 Inventory of their bucket: time, and memory of its own process.

Danger: a figure of a comparison that found nothing because it compared nothing. Invariant: the register's rows are real
rows of a real site and the inventory is files as Amazon lays them; a hundred records are left out of it, and a run that
does not report exactly those is no measurement.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from bench.figures import Figure, median, spread
from bench.machine import peak_mib
from bench.site import TrainingSite

if TYPE_CHECKING:
    from register.models import Packet

RECORDS = 100_000
LEFT_OUT = 100
LARGEST_MIB = 300.0
SLOWEST_SECONDS = 60.0
SEALED_BYTES = 100_000
_BATCH = 2000


class NotFoundOut(Exception):
    """The comparison did not report what was left out."""


def measure(site: TrainingSite, rounds: int) -> Iterator[Figure]:
    """Seconds and peak memory of the reconciliation."""
    manifest = _laid(site)
    took, used, peak = list[float](), list[float](), list[float]()
    for _ in range(min(rounds, 3)):
        ran = subprocess.run([sys.executable, "-m", "bench.reconciling", manifest], stdout=subprocess.PIPE, check=True)
        told = json.loads(ran.stdout)
        if told["lost"] != LEFT_OUT or told["found"] != LEFT_OUT:
            raise NotFoundOut(str(told))
        took.append(told["seconds"])
        used.append(told["cpu"])
        peak.append(told["mib"])
    yield Figure(
        name=f"reconcile {RECORDS:,} records with an inventory",
        value=median(took),
        unit="s",
        target=SLOWEST_SECONDS,
        notes=f"{spread(took, 's')}; CPU {median(used):.1f} s; {LEFT_OUT} left out of the inventory, all found",
    )
    yield Figure(
        name="peak memory of it", value=max(peak), unit="MiB", target=LARGEST_MIB, notes="resident, the whole process"
    )


def _laid(site: TrainingSite) -> Path:
    """Rows of `RECORDS` records in the site's register, and the inventory of a bucket that has all but some."""
    _ = site.site
    from register import models
    from storage.envelope import OVERHEAD
    from tests.inventories import Line, write

    now = datetime.now(UTC).replace(microsecond=0)
    until = now + timedelta(days=366)
    keys = [uuid.uuid4().hex for _ in range(RECORDS)]
    client_id, opened_by = site.new_client(), site.me.staff_id
    for start in range(0, RECORDS, _BATCH):
        packet = models.Packet.objects.create(
            request_id=uuid.uuid4(), client_id=client_id, state="issued", opened_by_id=opened_by, opened_at=now
        )
        _add(packet, keys[start : start + _BATCH], start, now, until)
    lines = (
        Line(key=f"records/{key}", version_id="v1", size=SEALED_BYTES + OVERHEAD, until=until)
        for key in keys[LEFT_OUT:]
    )
    return write(site.folder / "inventory", lines, made_at=now, parts=8)


def _add(packet: Packet, keys: Sequence[str], start: int, now: datetime, until: datetime) -> None:
    from register import models

    stored = [
        models.Object(
            id=key, area="records", state="live", version_id="v1", sealed_sha256="0" * 64, size=SEALED_BYTES,
            staged_at=now, published_at=now,
        )
        for key in keys
    ]  # fmt: skip
    statements = [
        models.Statement(
            ref=f"B{start + number:013d}", packet=packet, client_id=packet.client_id, position=number,
            form_id="disclosure", form_version="bench", retention_class="disclosure_statement", language="en",
            family="specific", state="active", proof="sealed", sealed_draft=b"-", sealing="sealed",
        )
        for number, _ in enumerate(keys)
    ]  # fmt: skip
    models.Object.objects.bulk_create(stored)
    models.Statement.objects.bulk_create(statements)
    models.Record.objects.bulk_create(
        models.Record(
            statement=statement, object=bytes_, document_sha256="0" * 64, pages=2, proof="sealed",
            retention_class="disclosure_statement", retain_until=until, kept_at=now, looked_at=now, proved_at=now,
        )
        for statement, bytes_ in zip(statements, stored, strict=True)
    )  # fmt: skip


def main(manifest: Path) -> None:
    """One reconciliation in this process; tells what it took."""
    from flows.site import open_site

    site = open_site()
    from flows.duties.reconciling import compared
    from flows.found import Kind
    from storage.inventory import Inventory
    from storage.protocol import Area

    began, used = time.perf_counter(), time.process_time()
    inventory = Inventory.read(manifest)
    survey = inventory.survey(Area.RECORDS, scratch=site.configuration.home)
    found = [each.kind for each in compared(site.vault.store, survey)]
    told = {
        "seconds": time.perf_counter() - began,
        "cpu": time.process_time() - used,
        "mib": peak_mib(),
        "found": len(found),
        "lost": found.count(Kind.LOST),
    }
    print(json.dumps(told))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
