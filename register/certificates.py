"""What a certificate of destruction rests on, and the certificate as a record that belongs to nobody.

Danger: a certificate of what is not gone, or two that disagree. Invariant: a run is certified when every row came to
its end, or has lost its keys and waits for bytes alone; one certificate a stage, found again when it is asked for
twice.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID

from django.db import transaction
from django.db.models import Count, Max, Min
from django.db.models.fields.json import KT

from register import audit, disposal_list, facts, models, records
from register.disposal_facts import Certificate, Run
from register.errors import RegisterError, RegisterErrorCode
from register.vocabulary import AuditVerb, CertificateStage
from rules.disposal import GONE, Answer, Outcome, Why
from rules.vocabulary import Proof

CERTIFICATE, MANIFEST = "disposal_certificate", "disposal_manifest"
"""Their retention classes (`rules/retention/house.yaml`)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """What went of one series by one rule."""

    series: str
    rule: str
    version: str
    citation: str
    records: int
    first: dt.date
    """Day of the earliest event that a record's period ran from."""
    last: dt.date


@dataclass(frozen=True, slots=True, kw_only=True)
class Transferred:
    """What was destroyed here on the receipt of one archive."""

    organization_id: UUID
    archive_sha256: str
    received_on: dt.date
    records: int


def require_certifiable(run: Run) -> None:
    """Refuse to certify what is not over.

    Raises:
        RegisterError: DISPOSAL.
    """
    waiting = run.outcomes.get(Outcome.WAITING, 0) + run.outcomes.get(Outcome.FAILED, 0)
    if run.last_key_at is None:
        raise _refused("Nothing of this run was destroyed, so there is nothing to certify.", "confide disposal show")
    if waiting:
        unconfirmed = run.reasons.get(Why.NOT_RECEIVED, 0)
        there = f", {unconfirmed} of them for want of a successor's receipt" if unconfirmed else ""
        raise _refused(
            f"{waiting} record(s) of this run are neither destroyed nor out{there}.",
            "Record receipts (confide disposal receipt), then run: confide disposal execute. What cannot go now is "
            "taken out by: confide disposal exclude",
        )


def transferred(run_id: UUID) -> tuple[Transferred, ...]:
    """What was destroyed here because a successor has it, by archive; oldest receipt first."""
    rows = models.DisposalItem.objects.filter(run_id=run_id, outcome__in=GONE).exclude(transfer=None)
    words = ("transfer__organization_id", "transfer__archive_sha256", "transfer__received_on")
    told = rows.values_list(*words).annotate(n=Count("id")).order_by("transfer__recorded_at", "transfer")
    return tuple(
        Transferred(organization_id=organization, archive_sha256=sha256, received_on=received_on, records=count)
        for organization, sha256, received_on, count in told
    )


def series(run_id: UUID) -> tuple[Series, ...]:
    """What was destroyed, by series and rule; what a successor has is among it."""
    rows = models.DisposalItem.objects.filter(run_id=run_id, outcome__in=GONE)
    words = ("series", "rule", "rule_version", "citation")
    rows = rows.annotate(**{f"of_{word}": KT(f"row__{word}") for word in words}, on=KT("row__triggered_on"))
    keys = tuple(f"of_{word}" for word in words)
    told = rows.values(*keys).annotate(n=Count("id"), first=Min("on"), last=Max("on"))
    return tuple(
        Series(
            series=one["of_series"],
            rule=one["of_rule"],
            version=one["of_rule_version"],
            citation=one["of_citation"],
            records=one["n"],
            first=dt.date.fromisoformat(one["first"]),
            last=dt.date.fromisoformat(one["last"]),
        )
        for one in told.order_by(*keys)
    )


def spared(run_id: UUID) -> dict[Why, int]:
    """Why rows of the list were left out, and how many for each reason."""
    rows = models.DisposalItem.objects.filter(run_id=run_id, outcome=Outcome.OUT.value).exclude(why="")
    return {Why(one["why"]): one["n"] for one in rows.values("why").annotate(n=Count("id")).order_by("why")}


def answerers(run_id: UUID) -> tuple[tuple[UUID, Answer, int], ...]:
    """Who answered that rows be destroyed or transferred, and how many each."""
    going = [Answer.DESTROY.value, Answer.TRANSFER.value]
    rows = models.DisposalItem.objects.filter(run_id=run_id, answer__in=going).values_list("answered_by", "answer")
    return tuple(
        (who, Answer(answer), count)
        for who, answer, count in rows.annotate(n=Count("id")).order_by("answer", "answered_by")
    )


def manifest(run_id: UUID) -> Iterator[bytes]:
    """Every row of a run as one line of JSON: what the certificate must not say. Streamed."""
    rows = models.DisposalItem.objects.filter(run_id=run_id).order_by("position")
    rows = rows.select_related("record__statement", "transfer")
    for row in rows.iterator(chunk_size=disposal_list.PAGE):
        statement = row.record.statement
        told = {
            **row.row,
            "answer": row.answer,
            "outcome": row.outcome,
            "why": row.why,
            "keys_destroyed": row.erased_at.isoformat() if row.erased_at else "",
            "document_sha256": row.record.document_sha256,
            "successor": str(row.successor_id or ""),
            "archive_sha256": row.transfer.archive_sha256 if row.transfer else "",
        }
        if statement is not None:
            told |= {
                "statement": statement.ref,
                "client": str(statement.client_id),
                "form": f"{statement.form_id} {statement.form_version}",
                "organization": str(statement.organization_id or ""),
            }
        yield json.dumps(told, sort_keys=True).encode() + b"\n"


def of(run_id: UUID, stage: CertificateStage) -> Certificate | None:
    """The certificate of a run and stage; None before it was issued."""
    row = models.DisposalCertificate.objects.select_related("record__object").filter(run_id=run_id, stage=stage).first()
    return _fact(row) if row else None


def pending() -> tuple[UUID, ...]:
    """Runs that have their first certificate and not the second."""
    first = models.DisposalCertificate.objects.filter(stage=CertificateStage.KEYS_DESTROYED.value)
    second = models.DisposalCertificate.objects.filter(stage=CertificateStage.EFFECTIVE.value)
    return tuple(
        first.exclude(run__in=second.values("run")).order_by("issued_at", "id").values_list("run_id", flat=True)
    )


def issue(
    run_id: UUID,
    stage: CertificateStage,
    document: facts.Document,
    *,
    proof: Proof,
    manifest: facts.Document | None,
    effective_on: dt.date | None,
    retain_until: dt.datetime | None,
    by: facts.Actor,
    now: dt.datetime,
) -> Certificate:
    """Keep a certificate, and with the first its manifest, as records; the one that is there where somebody was faster.

    What was staged for the second is found by upkeep and cleared.
    """
    with transaction.atomic():
        if (there := of(run_id, stage)) is not None:
            return there
        paper = records.keep_paper(
            document, proof=proof, retention_class=CERTIFICATE, retain_until=retain_until, by=by, now=now
        )
        list_of = None
        if manifest is not None:
            list_of = records.keep_paper(
                manifest, proof=Proof.NONE, retention_class=MANIFEST, retain_until=retain_until, by=by, now=now
            )
        models.DisposalCertificate.objects.create(
            run_id=run_id,
            stage=stage.value,
            record=paper,
            manifest=list_of,
            effective_on=effective_on,
            issued_at=now,
        )
        details: audit.Details = {"stage": stage.value, "sha256": document.document_sha256, "record": str(paper.pk)}
        audit.append(by, AuditVerb.DISPOSAL_CERTIFIED, "disposal", run_id, details, now=now)
    found = of(run_id, stage)
    if found is None:
        raise ValueError("it was written just now")
    return found


def has_manifest(run_id: UUID) -> bool:
    """True when the manifest of a run was kept, with whichever certificate came first."""
    return models.DisposalCertificate.objects.filter(run_id=run_id).exclude(manifest=None).exists()


def _fact(row: models.DisposalCertificate) -> Certificate:
    return Certificate(
        run_id=row.run_id,
        stage=CertificateStage(row.stage),
        record_id=row.record_id,
        object_id=row.record.object_id,
        version_id=row.record.object.version_id,
        document_sha256=row.record.document_sha256,
        effective_on=row.effective_on,
        issued_at=row.issued_at,
    )


def _refused(sentence: str, remedy: str) -> RegisterError:
    return RegisterError(RegisterErrorCode.DISPOSAL, sentence, remedy)
