"""The certificate of destruction: counted, printed, sealed by the organization, kept as a record that names nobody.

Danger: a certificate that says more than is true: gone from backups that still open, or of records whose bytes lie
there. Invariant: every figure is read from the rows after the run ended; the date against backups is the one on which
the last epoch that could open them was destroyed (`flows.erasure`), and until then the certificate says *pending*. A
second one follows; the first is never changed.

No field of a client reaches the paper; what ties its counts to records is the manifest, sealed apart with its own time.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from uuid import UUID
from zoneinfo import ZoneInfo

from flows.disposal import Progress, silent
from flows.egress import proven
from flows.erasure import erasure_of
from flows.sealing import PROOF, lock_until
from flows.site import Site, now
from flows.staging import staged
from register import agency, certificates, disposal, receipts, staff
from register.disposal_facts import Certificate, Run
from register.facts import Actor
from register.vocabulary import CertificateStage, ObjectArea
from rules.disposal import Outcome, Why
from rules.vocabulary import Language
from rules.wording import date_text, printed_logo
from signing import appearance
from storage.erasure import Erasure
from storage.protocol import Area
from templates.papers import Paper, destruction_certificate

REASONS = {
    Why.UNANSWERED: "not answered, so left out",
    Why.RETAINED: "to be kept longer, with a reason",
    Why.TRANSFERRED: "to be transferred, and nobody had said to whom",
    Why.EXCLUDED: "taken out with a reason",
    Why.NOT_APPROVED: "not approved by two persons",
    Why.APPROVAL_LAPSED: "the approval was too old",
    Why.GONE: "destroyed by an earlier run",
}
"""How a certificate says why a row was spared; everything else is *must be kept for now*: holds are not told of."""


def certificate(site: Site, run_id: UUID, *, by: Actor, step: Progress = silent) -> tuple[Certificate, bytes]:
    """The certificate of a run as things stand now, made when there is none yet; and its bytes.

    Asked for again it is the same paper, until no backup opens what was destroyed: then a second one is made, once.

    Raises `RegisterError` DISPOSAL while the run is not over, NOT_WHAT_WAS_SHOWN where the kept bytes are not those
    that were sealed, `FormError`, `SigningError`, `StorageError`.
    """
    run = disposal.show(run_id)
    certificates.require_certifiable(run)
    if run.last_key_at is None:
        raise ValueError("a run that is certified destroyed something")
    reach = erasure_of(site, run.last_key_at)
    final = reach.effective_at is not None and not run.outcomes.get(Outcome.ERASED, 0)
    stage = CertificateStage.EFFECTIVE if final else CertificateStage.KEYS_DESTROYED
    found = certificates.of(run.run_id, stage) or _issued(site, run, stage, reach, by=by, step=step)
    pdf = proven(
        site,
        found.object_id,
        found.version_id,
        found.document_sha256,
        what=f"the certificate of the run {run.ref}",
        remedy="Bring it back from a backup; confide upkeep says since when it is not whole.",
    )
    return found, pdf


def file_name(run: Run, stage: CertificateStage) -> str:
    """The name a certificate's file is given."""
    return f"certificate-of-destruction-{run.ref}{'-final' if stage is CertificateStage.EFFECTIVE else ''}.pdf"


def _issued(site: Site, run: Run, stage: CertificateStage, reach: Erasure, *, by: Actor, step: Progress) -> Certificate:
    from signing import chain, prepare, seal

    paper, moment = destruction_certificate(), now()
    step(0, "filling")
    fields = _fields(site, run, paper, reach, moment)
    filled = site.press.fill(paper.docx, fields, locale=paper.language)
    step(1, "rendering")
    today = agency.today(moment)
    pdf = site.press.render(filled, title=paper.title, language=paper.language, prepared_on=today, values=fields)
    step(2, "sealing")
    authority, stamper, key = site.authority, site.stamper, site.seal_key
    certified = chain.certify(prepare.prepare(pdf, paper.labels), authority, stamper, now=moment, key=key)
    sealer = agency.current()
    look = appearance.seal(
        sealer.legal_name, moment.astimezone(ZoneInfo(sealer.time_zone)), language=Language(paper.language)
    )
    sealed = seal.seal(certified.pdf, authority, stamper, appearance=look, now=moment, key=key)
    step(3, "keeping")
    pages = _pages(sealed.pdf)
    document = staged(site, sealed.pdf, area=ObjectArea.RECORDS, pages=pages)
    manifest = None
    if not certificates.has_manifest(run.run_id):
        told = b"".join(certificates.manifest(run.run_id))
        manifest = staged(site, told, area=ObjectArea.RECORDS, pages=0)
    until, final = lock_until(moment), stage is CertificateStage.EFFECTIVE
    issued = certificates.issue(
        run.run_id,
        stage,
        document,
        proof=PROOF[sealed.level],
        manifest=manifest,
        effective_on=agency.today(reach.effective_at) if final and reach.effective_at else None,
        retain_until=until,
        by=by,
        now=moment,
    )
    # locked when it is kept, as every record: should this fail, upkeep locks what has no lock
    for each in (document, *((manifest,) if manifest else ())):
        if issued.object_id == document.object_id:
            site.vault.store.protect(Area.RECORDS, each.object_id, retain_until=until)
    return issued


def _fields(site: Site, run: Run, paper: Paper, reach: Erasure, moment: dt.datetime) -> Mapping[str, object]:
    house, language = agency.current(), Language(paper.language)
    gone = run.outcomes.get(Outcome.DESTROYED, 0) + run.outcomes.get(Outcome.TRANSFERRED, 0)
    transferred = certificates.transferred(run.run_id)
    erased = run.outcomes.get(Outcome.ERASED, 0)
    spared = run.outcomes.get(Outcome.OUT, 0)
    pending = reach.effective_at is None or bool(erased)
    locked = run.locked if run.stays_until is not None and run.stays_until > moment else 0
    since = None if pending or reach.effective_at is None else agency.today(reach.effective_at)
    return {
        "agency": {
            "name": house.legal_name,
            "unit": house.unit,
            "address": list(house.address),
            "phone": house.phone,
            "logo": printed_logo(agency.logo()),
        },
        "statement": {"ref": run.ref, "prepared_on": date_text(agency.today(moment), language)},
        "form": {"id": paper.id, "version": paper.version},
        "software": f"Confide {run.software}",
        "run": {
            "ref": str(run.run_id),
            "destroyed": f"{gone:,}",
            "erased": _records(erased),
            "clients": f"{run.clients_erased:,}" if run.clients_erased else "",
            "transferred": _handed_over(transferred),
            "receipts": [
                {
                    "label": f"{one.records:,} · receipt of {one.received_on.isoformat()} · archive SHA-256 "
                    f"{one.archive_sha256}"
                }
                for one in transferred
            ],
            "schedule": run.schedule_version,
            "series": [
                {
                    "label": f"{one.records:,} · {one.series.replace('_', ' ')} · rule {one.rule} ({one.version}): "
                    f"{one.citation} · events from {one.first.isoformat()} to {one.last.isoformat()}"
                }
                for one in certificates.series(run.run_id)
            ],
            "rows": f"{run.rows:,}",
            "as_of": date_text(run.as_of, language),
            "list": run.list_sha256,
            "answered": run.approved_sha256,
            "spared": f"{spared:,} of the list" if spared else "none of the list",
            "reasons": [{"label": line} for line in _reasons(run)],
            "store": run.store,
            "keys": _between(run),
            "effective": date_text(since, language),
            "planned": date_text(reach.planned, language) if pending else "",
            "locked": _records(locked),
            "locked_until": date_text(agency.today(run.stays_until) if run.stays_until else None, language),
            "unremoved": _records(erased - locked),
            "acts": [{"label": line} for line in _acts(site, run)],
        },
    }


def _handed_over(transferred: Sequence[certificates.Transferred]) -> str:
    """How many went to how many; empty when none did."""
    if not transferred:
        return ""
    organizations = len({one.organization_id for one in transferred})
    whom = "one organization" if organizations == 1 else f"{organizations:,} organizations"
    return f"{sum(one.records for one in transferred):,} records, to {whom}"


def _reasons(run: Run) -> list[str]:
    told: dict[str, int] = {}
    for why, count in certificates.spared(run.run_id).items():
        line = REASONS.get(why, "must be kept for now")
        told[line] = told.get(line, 0) + count
    return [f"{count:,} {line}" for line, count in sorted(told.items())]


def _acts(site: Site, run: Run) -> list[str]:
    """Who decided, by name and role: staff, never a client."""

    def name(who: UUID) -> str:
        return staff.display_name(site.vault, who)

    preparer = name(run.prepared_by) if run.prepared_by else "the site itself (monthly schedule)"
    acts = [f"List prepared on {_moment(run.prepared_at)} by {preparer}"]
    acts += [
        f"{count:,} rows answered {given} by {name(who)}" for who, given, count in certificates.answerers(run.run_id)
    ]
    acts += [
        f"Approved on {_moment(one.at)} by {name(one.staff_id)} ({one.capacity.replace('_', ' ')})"
        for one in run.approvals
    ]
    for one in receipts.of_run(run.run_id):
        if one.recorded_by and one.recorded_at:
            handed = f"{one.records:,} records handed over on {_moment(one.handed_at)} by {name(one.handed_by)}"
            acts.append(f"{handed}; receipt recorded on {_moment(one.recorded_at)} by {name(one.recorded_by)}")
    if run.begun_at is not None:
        acts.append(f"Executed from {_moment(run.begun_at)} to {_moment(run.ended_at or now())}")
    return acts


def _between(run: Run) -> str:
    if run.first_key_at is None or run.last_key_at is None:
        raise ValueError("a run that is certified destroyed something")
    first, last = _moment(run.first_key_at), _moment(run.last_key_at)
    return first if first == last else f"{first} to {last}"


def _records(count: int) -> str:
    return "" if not count else "1 record" if count == 1 else f"{count:,} records"


def _pages(pdf: bytes) -> int:
    from templates.text import extract

    return len(extract(pdf).pages)


def _moment(moment: dt.datetime) -> str:
    return f"{moment.astimezone(dt.UTC):%Y-%m-%d %H:%M} UTC"
