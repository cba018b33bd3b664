"""A site with records that are due, and the people a disposal run takes."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

from register import facts
from register.vocabulary import StaffRole
from rules.disposal import Answer
from rules.retention.words import EventKind

if TYPE_CHECKING:
    from flows.site import Site
    from register.disposal_facts import Run
    from tests.register.conftest import World

ONE_YEAR = """\
version: "2026.11"
rules:
  HOUSE-ALL:
    series: everything
    selector: {classes: [disclosure_statement, acknowledgment, disclosure_ledger]}
    keep: [{event: last_service, period: P1Y}, {event: disclosed, period: P1Y, only_if: disclosed}]
    authority: a contract
    version: "1"
    jurisdiction: house
    effective_from: 2000-01-01
"""
SERVED = dt.timedelta(days=3 * 365)
"""How long ago the client was last served: due for two years."""


@dataclass(frozen=True, slots=True)
class Records:
    """A site, its people, and the shortest ways to bring a run to a state."""

    world: World
    site: Site
    deputy: facts.Person
    board: facts.Person
    glass: facts.Person

    def kept(self, count: int, *, due: bool = True) -> tuple[facts.Record, ...]:
        """So many records of one client; due for years, unless told."""
        found = tuple(self.world.record() for _ in range(count))
        if due:
            self.served()
        return found

    def served(self) -> None:
        """The client was last served years ago."""
        self.world.happened(EventKind.LAST_SERVICE, self.world.today - SERVED)

    def proposed(self) -> Run:
        from flows import disposal

        return disposal.propose(self.site, by=self.world.officer)

    def answered(self, run: Run, records: Sequence[UUID] | None = None, answer: Answer = Answer.DESTROY) -> None:
        from flows.site import now
        from register import disposal

        successor = self.world.ids.doccs if answer is Answer.TRANSFER else None
        disposal.answer(
            self.world.vault, run.run_id, records, answer, successor=successor, by=self.world.officer, now=now()
        )

    def approved(self) -> Run:
        """A run whose every row is to be destroyed, approved by two."""
        from flows.site import now
        from register import disposal

        run = self.proposed()
        self.answered(run)
        for person in (self.world.counsel, self.deputy):
            run = disposal.approve(
                run.run_id, shown_sha256=disposal.show(run.run_id).shown_sha256, by=person, now=now()
            )
        return run

    def executed(self, run: Run, **more: object) -> Run:
        from flows import disposal

        told = {"by": self.world.officer, **more}
        return disposal.execute(self.site, run.run_id, **told).run  # type: ignore[arg-type]

    def another_client(self) -> UUID:
        from register import clients
        from rules.draft import Identity

        identity = Identity(legal_name="Another Person Entirely", birth_date=dt.date(1971, 2, 3))
        return clients.add(self.world.vault, identity, by=self.world.intake, now=self.world.now).client_id


def records(world: World) -> Records:
    """The site with a schedule of one year in force, and everybody whom a run takes."""
    from flows.site import Site
    from register import staff
    from signing.authority import Authority
    from signing.timestamp import EmbeddedStamper

    def hire(username: str, role: StaffRole) -> facts.Person:
        added = staff.add(
            world.vault, username=username, display_name=f"{username} nobody", roles=frozenset({role}),
            password=world.PASSWORD, by=world.administrator, now=world.now,
        )  # fmt: skip
        return facts.Person(added.staff_id, added.username, added.roles)

    world.now = dt.datetime.now(dt.UTC)
    world.adopted(ONE_YEAR)
    site = Site(world.settings)
    site.vault = world.vault
    site.authority = Authority.create("Harbor Reentry Services", now=world.now - dt.timedelta(days=1))
    site.stamper = EmbeddedStamper(site.authority)
    people = (hire("deputy", StaffRole.DEPUTY), hire("board", StaffRole.OUTSIDE_APPROVER))
    return Records(world, site, *people, hire("glass", StaffRole.BREAK_GLASS))
