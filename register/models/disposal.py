"""Disposal runs: a frozen list, an answer a row, approvals of two persons, and what became of each record.

Danger: a list that changes after it was approved, a person who approves twice. Invariants, kept by the database itself:
a record stands once on a list, a person approves a run once, a row that was destroyed says when. The rest is asked of
`rules.disposal` by the verbs of `register.disposal` and `register.executing`, which alone write here.
"""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import Q

from register.models.columns import one_of
from register.models.keeping import Record
from register.models.people import Staff
from register.vocabulary import CertificateStage
from rules.disposal import Answer, Outcome, RunState, Why


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
    sealed_reason = models.BinaryField(null=True)
    answered_by = models.ForeignKey(Staff, null=True, on_delete=models.PROTECT, related_name="+")
    answered_at = models.DateTimeField(null=True)
    outcome = models.CharField(max_length=16, default=Outcome.WAITING)
    why = models.CharField(max_length=32, blank=True)
    batch = models.CharField(max_length=32, blank=True)
    """Opaque id of the intent in the store's log that it was last decided in."""
    bypass_lock = models.BooleanField(default=False)
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
                condition=~Q(outcome=Outcome.DESTROYED.value) | Q(erased_at__isnull=False, destroyed_at__isnull=False),
                name="destroyed_after_its_keys",
            ),
            models.CheckConstraint(
                condition=~Q(outcome__in=[Outcome.DESTROYED.value, Outcome.ERASED.value])
                | Q(answer=Answer.DESTROY.value),
                name="only_what_was_answered_destroy",
            ),
        )
        indexes = (
            models.Index(fields=("run", "outcome", "object_key"), name="disposal_items_at_work"),
            models.Index(fields=("record", "outcome"), name="disposal_items_of_record"),
        )


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
