"""What it takes to hand rows of a run over to a successor custodian."""

from __future__ import annotations

import datetime as dt
import hashlib
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

from flows.custody import ARCHIVE
from flows.reader_notes import commands
from rules.disposal import Answer

if TYPE_CHECKING:
    from flows.transfer import HandedOver
    from register import facts
    from register.disposal_facts import Run, Transfer
    from tests.flows.disposing import Records

AT_ONCE = dt.timedelta(0)
AUTHORITY = "8 NYCRR 29.2(a)(3)"
KEEPER = "Custodia Keeper"


@dataclass(frozen=True, slots=True)
class Transferring:
    """A site with records that are due, and a successor: the shortest ways through a transfer."""

    records: Records
    folder: Path

    @property
    def successor(self) -> UUID:
        return self.records.world.ids.doccs

    def approved(
        self, going: Sequence[facts.Record], *, destroy: Sequence[facts.Record] = (), later: dt.timedelta = AT_ONCE
    ) -> Run:
        """A run whose rows are to be transferred, or destroyed, approved by two, so much later than now."""
        run = self.records.proposed()
        self.answered(run, going)
        if destroy:
            self.records.answered(run, [record.record_id for record in destroy])
        return self.approve(run, later=later)

    def answered(self, run: Run, going: Sequence[facts.Record], successor: UUID | None = None) -> None:
        from flows.site import now
        from register import disposal

        world = self.records.world
        disposal.answer(
            world.vault, run.run_id, [record.record_id for record in going], Answer.TRANSFER,
            successor=successor or self.successor, by=world.officer, now=now(),
        )  # fmt: skip

    def approve(self, run: Run, *, later: dt.timedelta = AT_ONCE) -> Run:
        from flows.site import now
        from register import disposal

        for person in (self.records.world.counsel, self.records.board):
            run = disposal.approve(
                run.run_id, shown_sha256=disposal.show(run.run_id).shown_sha256, by=person, now=now() + later
            )
        return run

    def handed_over(
        self, run: Run, name: str = "first", *, by: facts.Person | None = None, **changes: object
    ) -> HandedOver:
        from flows.transfer import Handing, hand_over

        told: dict[str, object] = {
            "successor": self.successor,
            "responsible": KEEPER,
            "authority": AUTHORITY,
            "until": self.records.world.today + dt.timedelta(days=400),
        }
        handing = Handing(**{**told, **changes})  # type: ignore[arg-type]
        return hand_over(
            self.records.site, run.run_id, self.folder / name / "archive", self.folder / name / "keys", handing,
            by=by or self.records.world.officer,
        )  # fmt: skip

    def opened(self, name: str = "first") -> Path:
        """At the successor: the files in one folder, the documented commands, public programs only."""
        clean = self.folder / name / "there"
        clean.mkdir()
        for path in (self.folder / name / "archive" / ARCHIVE, *(self.folder / name / "keys").iterdir()):
            shutil.copy(path, clean)
        for command in commands(ARCHIVE):
            subprocess.run(
                ["bash", "-o", "pipefail", "-ec", command], cwd=clean, env={"PATH": "/usr/bin:/bin"}, check=True
            )
        return clean / "opened"

    def answers(self, name: str = "first") -> tuple[str, str]:
        """The two digests of a receipt, as the successor works them out."""
        there = self.folder / name / "there"
        opened = there / "opened" if there.exists() else self.opened(name)
        archive = self.folder / name / "archive" / ARCHIVE
        return tuple(hashlib.sha256(path.read_bytes()).hexdigest() for path in (archive, opened / "SHA256SUMS"))  # type: ignore[return-value]

    def received(self, run: Run, name: str = "first", **changes: object) -> Transfer:
        """The successor's receipt of an archive, opened there, is recorded by the deputy."""
        archive_sha256, sums_sha256 = self.answers(name)
        return self.record(run, **{"archive_sha256": archive_sha256, "sums_sha256": sums_sha256, **changes})

    def record(self, run: Run, **changes: object) -> Transfer:
        from flows.site import now
        from register import receipts

        told: dict[str, object] = {
            "confirmed_by": KEEPER,
            "received_on": self.records.world.today,
            "by": self.records.deputy,
            "now": now(),
        }
        return receipts.record(self.records.world.vault, run.run_id, **{**told, **changes})  # type: ignore[arg-type]
