"""`doctor`'s round: everything that can be wrong here, looked at without changing anything."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from flows.site import Site, now


class Level(StrEnum):
    """How grave."""

    OK = "ok"
    NOTE = "note"
    """To know or to plan for."""
    PROBLEM = "problem"
    """To be put right before anything is trusted."""


@dataclass(frozen=True, slots=True)
class Line:
    """One thing looked at."""

    level: Level
    what: str
    sentence: str
    remedy: str = ""


def examine(site: Site) -> tuple[Line, ...]:
    """Look at everything; what cannot be looked at is a problem of its own."""
    lines: list[Line] = []
    for name, look in (
        ("agency", _agency),
        ("room", _room),
        ("store", _store),
        ("authority", _certificates),
        ("databases", _databases),
        ("register", _register),
        ("running", _running),
        ("rendering", _rendering),
        ("forms", _forms),
        ("retention", _retention),
        ("law", _law),
        ("statements", _statements),
        ("two persons", _two_persons),
    ):
        try:
            lines.extend(_named(name, look, site))
        except Exception as failure:  # noqa: BLE001 - the round goes on; the code alone, a message may quote a client
            code = str(getattr(failure, "code", "") or type(failure).__name__)
            lines.append(Line(Level.PROBLEM, name, f"Could not be looked at ({code}).", "Put this right first."))
    return tuple(lines)


LEAST_FREE_BYTES = 1_000_000_000
"""Below this somebody must look: a thousand packets fit, and a database that finds no room takes no request."""


def _room(site: Site) -> Iterator[Line]:
    places = {site.configuration.home, site.configuration.keys, site.configuration.run}
    for place in sorted(places):
        # the folder for running parts is made by `confide serve`: before, its neighbours' disk is looked at
        there = next(folder for folder in (place, *place.parents) if folder.exists())
        free = shutil.disk_usage(there).free
        if free < LEAST_FREE_BYTES:
            yield Line(
                Level.PROBLEM,
                "room",
                f"Only {free // 1_000_000} MB are free where {place} lies.",
                "Make room: with none left, requests are refused and nothing is signed until there is.",
            )


def _named(name: str, look: Callable[[Site], Iterator[Line]], site: Site) -> list[Line]:
    found = list(look(site))
    return found or [Line(Level.OK, name, "Nothing found.")]


def _agency(site: Site) -> Iterator[Line]:
    from register import agency
    from rules.vocabulary import ProgramClass

    told = agency.current()
    if ProgramClass.UNKNOWN in told.classes:
        yield Line(
            Level.PROBLEM,
            "agency",
            "The program is not classified: nothing but emergencies can be disclosed.",
            "confide agency classify",
        )
    if told.training:
        yield Line(Level.NOTE, "agency", "This is a training site; what it makes proves nothing.")
    if (site.configuration.keys / "demo-shares").exists():
        yield Line(Level.NOTE, "agency", "The demo's recovery shares lie beside the key.", "Never do so in earnest.")


def _store(site: Site) -> Iterator[Line]:
    from storage.doctor import examine as look
    from storage.errors import StorageError

    if site.configuration.standby is None:
        yield Line(
            Level.NOTE,
            "store",
            "No standby is set: if this disk is lost, no backup can be opened.",
            "Set CONFIDE_STANDBY to a folder on another disk.",
        )
    try:
        vault = site.vault
    except StorageError as closed:
        yield Line(Level.PROBLEM, "store", closed.sentence, closed.remedy)
        return
    for found in look(vault, keys=site.configuration.keys, home=site.configuration.home):
        yield Line(Level(found.level.value), "store", found.sentence, found.remedy)


def _certificates(site: Site) -> Iterator[Line]:
    from flows.duties.passing import tell_certificates

    for found in tell_certificates(site, now(), True):
        yield Line(
            Level.PROBLEM,
            "authority",
            f"The certificate of the {found.subject} ends {found.detail}.",
            found.remedy or "",
        )
    clock = "an outside time-stamp authority" if site.configuration.tsa_url else "the organization's own clock"
    yield Line(Level.NOTE, "authority", f"Signatures are time-stamped by {clock}.")


def _register(site: Site) -> Iterator[Line]:
    from flows.duties.passing import audit_verdict

    verdict = audit_verdict(site)
    if verdict.intact:
        yield Line(Level.OK, "register", f"The audit log is whole: {verdict.entries} entries.")
    else:
        yield Line(
            Level.PROBLEM, "register", f"The audit log was changed at entry {verdict.first_broken}.", "Call security."
        )


def _databases(site: Site) -> Iterator[Line]:
    from flows.databases import examined

    for found in examined(site.configuration):
        yield Line(Level(found.level.value), "databases", found.sentence, found.remedy)


def _running(site: Site) -> Iterator[Line]:
    from flows.supervisor import status

    parts = status(site.configuration.run)
    if not parts:
        yield Line(Level.NOTE, "running", "Nothing is running; requests are taken and wait.", "confide serve")
    for name, state in parts.items():
        level = Level.OK if state == "ready" else Level.PROBLEM
        yield Line(level, "running", f"{name}: {state}", "" if level is Level.OK else f"See log/{name}.log.")


def _rendering(site: Site) -> Iterator[Line]:
    import shutil
    from pathlib import Path

    if not (shutil.which("soffice") or Path("/usr/lib/libreoffice/program/soffice").exists()):
        yield Line(Level.PROBLEM, "rendering", "LibreOffice is not installed.", "deploy/debian-packages")
    fonts = {path.name for path in Path("/usr/share/fonts").rglob("*.ttf")}
    for font, family in (
        ("Carlito-Regular.ttf", "Carlito (for Calibri)"),
        ("Caladea-Regular.ttf", "Caladea (for Cambria)"),
    ):
        if font not in fonts:
            yield Line(
                Level.PROBLEM,
                "rendering",
                f"The font {family} is missing; pages would break differently.",
                "deploy/debian-packages",
            )
    if not Path("/dev/shm").is_dir():  # noqa: S108 - asking whether there is a tmpfs, writing nothing
        yield Line(Level.PROBLEM, "rendering", "There is no tmpfs for documents in work.", "Mount one at /dev/shm.")


def _forms(site: Site) -> Iterator[Line]:
    from flows.forms import unreviewed
    from register import agency, forms
    from register.vocabulary import FormState

    level = Level.NOTE if agency.current().training else Level.PROBLEM
    for form in site.catalog:
        if waiting := sorted(unreviewed(form)):
            yield Line(
                level,
                "forms",
                f"{form.id} {form.version} was not reviewed by counsel ({', '.join(waiting)}).",
                "Have it read, then: confide forms approve",
            )
    for row in forms.listing():
        if row.state is FormState.PROPOSED:
            yield Line(
                Level.NOTE, "forms", f"{row.form_id} {row.version} waits for a second person.", "confide forms review"
            )


def _retention(site: Site) -> Iterator[Line]:
    from flows.site import now
    from register import agency, due, holds, schedules
    from register.vocabulary import ScheduleState

    day, current = agency.today(now()), schedules.current()
    if current is None:
        yield Line(
            Level.NOTE,
            "retention",
            "No retention schedule is in force, so nothing is ever due.",
            "Two persons: confide retention propose --shipped, confide retention adopt",
        )
    elif current.shortening_waits:
        yield Line(
            Level.NOTE,
            "retention",
            f"What the schedule {current.version} shortens waits for two persons; until then the one before counts.",
            "confide retention approve-shortening",
        )
    for row in schedules.listing():
        if row.state is ScheduleState.PROPOSED:
            sentence = f"The schedule {row.version} waits for a second person."
            yield Line(Level.NOTE, "retention", sentence, "confide retention adopt")
    if stale := due.stale(day):
        yield Line(
            Level.NOTE, "retention", f"{stale} records' days must be computed anew.", "confide retention refresh"
        )
    if current is not None:
        for why, count in due.exception_counts(day).items():
            sentence = f"{count} records have no day: {why.value.replace('_', ' ')}."
            yield Line(Level.NOTE, "retention", sentence, "confide retention exceptions")
    for hold_id, review_on in holds.to_review(day):
        yield Line(
            Level.PROBLEM, "retention", f"The review of {hold_id} was due on {review_on}.", "Counsel: confide hold show"
        )
    for hold_id, _ in holds.to_complete():
        sentence = f"The hold {hold_id} came back from the store's log without what it says."
        yield Line(Level.PROBLEM, "retention", sentence, "Counsel: confide hold complete")
    for hold_id in holds.released_since():
        sentence = f"The hold {hold_id} stands, and the store's log says that it was released after the backup."
        yield Line(Level.PROBLEM, "retention", sentence, "Counsel: confide hold release")


def _law(site: Site) -> Iterator[Line]:
    from collections import Counter

    from rules.law import needs_counsel

    for table, count in Counter(row.table for row in needs_counsel()).items():
        yield Line(
            Level.NOTE, "law", f"{table}: {count} entries wait for counsel's eyes.", "The entries stand in rules/data/."
        )


def _statements(site: Site) -> Iterator[Line]:
    """What waits for counsel: nothing goes on these meanwhile."""
    from register import standing, successors

    if changed := successors.to_re_paper():
        yield Line(
            Level.NOTE,
            "statements",
            f"{len(changed)} statement(s) in force name an organization that is no more.",
            "confide org changed; counsel: confide org carry-over, or have them signed anew",
        )
    if asked := standing.waiting_for_counsel():
        yield Line(
            Level.PROBLEM,
            "statements",
            f"{len(asked)} revocation(s) wait for counsel's decision: {', '.join(asked)}.",
            "Counsel: confide statement decide",
        )


def _two_persons(site: Site) -> Iterator[Line]:
    """Which duties of several persons the present staff cannot fill, nobody counting twice."""
    from register import staff
    from rules.disposal import DUTIES, unfilled

    holders = {row.staff_id: frozenset(role.value for role in row.roles) for row in staff.listing()}
    for duty in DUTIES:
        if missing := unfilled(duty, holders):
            wanted = " or ".join(sorted({role.replace("_", " ") for part in duty.parts for role in part}))
            yield Line(
                Level.NOTE,
                "two persons",
                f"{duty.name}: {missing} person(s) too few. It takes {len(duty.parts)}, each another: {wanted}.",
                "confide staff add; deputy and outside_approver (board member, counsel) are roles for it",
            )
