"""Disposal runs: a frozen list, an answer a row, approvals of two persons, and what became of each record.

Danger: a list that changes after it was approved, a person who approves twice. Invariants, kept by the database itself:
a record stands once on a list, a person approves a run once, a row that was destroyed says when, and one that was
transferred by which receipt. The rest is asked of
`rules.disposal` by the verbs of `register.disposal` and `register.executing`, which alone write here.
"""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import F, Q

from register.models.columns import one_of
from register.models.keeping import Record
from register.models.people import Organization, Staff
from register.vocabulary import CertificateStage
from rules.disposal import GONE, Answer, Outcome, RunState, Why


class DisposalRun(models.Model):
    """One run, from its list to its certificate."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    ref = models.CharField(max_length=14, unique=True)
    state = models.CharField(max_length=16, default=RunState.OPEN)
    as_of = models.DateField()
    prepared_by = models.ForeignKey(Staff, null=True, on_delete=models.PROTECT, related_name="+")
    """None: the monthly deployment, which only proposes."""
    prepared_at = models.DateTimeField()
    schedule_version = models.CharField(max_length=32)
    rows = models.PositiveIntegerField()
    list_sha256 = models.CharField(max_length=64)
    approved_sha256 = models.CharField(max_length=64, blank=True)
    """Of the list with its answers, as the first approver saw it; no answer changes from then on."""
    lease_holder = models.CharField(max_length=64, blank=True)
    lease_until = models.DateTimeField(null=True)
    begun_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    first_key_at = models.DateTimeField(null=True)
    last_key_at = models.DateTimeField(null=True)
    clients_erased = models.PositiveIntegerField(default=0)
    store = models.TextField(blank=True)
    software = models.CharField(max_length=32, blank=True)

    class Meta:
        constraints = (one_of("state", RunState),)


class DisposalItem(models.Model):
    """One record on the list of one run."""

    run = models.ForeignKey(DisposalRun, on_delete=models.PROTECT, related_name="items")
    position = models.PositiveIntegerField()
    record = models.ForeignKey(Record, on_delete=models.PROTECT, related_name="disposal_items")
    object_key = models.CharField(max_length=32)
    """Where its bytes lay, and the order of the work: neighbours in the store go together."""
    row = models.JSONField()
    """The frozen line of the list; names nobody."""
    answer = models.CharField(max_length=16, blank=True)
    retain_until = models.DateField(null=True)
    successor = models.ForeignKey(Organization, null=True, on_delete=models.PROTECT, related_name="+")
    """Who takes what is to be transferred, as it was approved."""
    sealed_reason = models.BinaryField(null=True)
    answered_by = models.ForeignKey(Staff, null=True, on_delete=models.PROTECT, related_name="+")
    answered_at = models.DateTimeField(null=True)
    outcome = models.CharField(max_length=16, default=Outcome.WAITING)
    why = models.CharField(max_length=32, blank=True)
    batch = models.CharField(max_length=32, blank=True)
    """Opaque id of the intent in the store's log that it was last decided in."""
    bypass_lock = models.BooleanField(default=False)
    transfer = models.ForeignKey("DisposalTransfer", null=True, on_delete=models.PROTECT, related_name="destroyed")
    """Whose receipt let it go."""
    erased_at = models.DateTimeField(null=True)
    stays_until = models.DateTimeField(null=True)
    """Its keys are gone, and the store locks its bytes until then, as it said when it was last asked."""
    destroyed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = (
            one_of("outcome", Outcome),
            models.CheckConstraint(
                condition=Q(answer__in=["", *(one.value for one in Answer)]), name="disposal_answer_is_a_word"
            ),
            models.CheckConstraint(
                condition=Q(why__in=["", *(one.value for one in Why)]), name="disposal_why_is_a_word"
            ),
            models.UniqueConstraint(fields=("run", "record"), name="record_once_a_run"),
            models.UniqueConstraint(fields=("run", "position"), name="place_on_the_list"),
            models.CheckConstraint(
                condition=~Q(outcome__in=[Outcome.DESTROYED.value, Outcome.TRANSFERRED.value])
                | Q(erased_at__isnull=False, destroyed_at__isnull=False),
                name="gone_after_its_keys",
            ),
            models.CheckConstraint(
                condition=~Q(outcome__in=[one.value for one in GONE])
                | Q(answer=Answer.DESTROY.value, outcome__in=[Outcome.ERASED.value, Outcome.DESTROYED.value])
                | Q(
                    answer=Answer.TRANSFER.value,
                    outcome__in=[Outcome.ERASED.value, Outcome.TRANSFERRED.value],
                    transfer__isnull=False,
                ),
                name="gone_as_it_was_answered",
            ),
        )
        indexes = (
            models.Index(fields=("run", "object_key"), name="disposal_items_in_turn"),
            models.Index(fields=("run", "batch", "object_key"), name="disposal_items_of_batch"),
            models.Index(fields=("record", "outcome"), name="disposal_items_of_record"),
        )


class DisposalTransfer(models.Model):
    """One archive that was handed over to a successor custodian, and its receipt; a receipt is written once."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    run = models.ForeignKey(DisposalRun, on_delete=models.PROTECT, related_name="transfers")
    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="+")
    archive_sha256 = models.CharField(max_length=64, unique=True)
    sums_sha256 = models.CharField(max_length=64)
    """Of the list of digests in it, which only who opens it can tell."""
    records = models.PositiveIntegerField()
    handed_by = models.ForeignKey(Staff, on_delete=models.PROTECT, related_name="+")
    handed_at = models.DateTimeField()
    received_on = models.DateField(null=True)
    sealed_confirmed_by = models.BinaryField(null=True)
    """The person there who confirmed it."""
    recorded_by = models.ForeignKey(Staff, null=True, on_delete=models.PROTECT, related_name="+")
    recorded_at = models.DateTimeField(null=True)

    class Meta:
        constraints = (
            models.CheckConstraint(
                condition=Q(received_on=None, sealed_confirmed_by=None, recorded_by=None, recorded_at=None)
                | Q(
                    received_on__isnull=False,
                    sealed_confirmed_by__isnull=False,
                    recorded_by__isnull=False,
                    recorded_at__isnull=False,
                ),
                name="a_receipt_is_whole",
            ),
            models.CheckConstraint(condition=~Q(recorded_by=F("handed_by")), name="another_records_the_receipt"),
        )


class DisposalTransferLine(models.Model):
    """One record as it lay in an archive; never changed."""

    transfer = models.ForeignKey(DisposalTransfer, on_delete=models.PROTECT, related_name="lines")
    record = models.ForeignKey(Record, on_delete=models.PROTECT, related_name="+")
    document_sha256 = models.CharField(max_length=64)
    """A record that got a later stamp since is another: a receipt speaks of these bytes alone."""

    class Meta:
        constraints = (models.UniqueConstraint(fields=("transfer", "record"), name="record_once_an_archive"),)


class DisposalApproval(models.Model):
    """One person approved one run; never changed."""

    run = models.ForeignKey(DisposalRun, on_delete=models.PROTECT, related_name="approvals")
    staff = models.ForeignKey(Staff, on_delete=models.PROTECT, related_name="+")
    capacity = models.CharField(max_length=32)
    """The role it was given in."""
    list_sha256 = models.CharField(max_length=64)
    at = models.DateTimeField()

    class Meta:
        constraints = (models.UniqueConstraint(fields=("run", "staff"), name="nobody_approves_twice"),)


class DisposalCertificate(models.Model):
    """The certificate of a run, kept as a record; a second one once no backup tells of what was destroyed."""

    run = models.ForeignKey(DisposalRun, on_delete=models.PROTECT, related_name="certificates")
    stage = models.CharField(max_length=16)
    record = models.OneToOneField(Record, on_delete=models.PROTECT, related_name="certificate")
    manifest = models.OneToOneField(Record, null=True, on_delete=models.PROTECT, related_name="manifest_of")
    effective_on = models.DateField(null=True)
    issued_at = models.DateTimeField()

    class Meta:
        constraints = (
            one_of("stage", CertificateStage),
            models.UniqueConstraint(fields=("run", "stage"), name="one_certificate_a_stage"),
        )
