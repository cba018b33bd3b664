"""What the register knows of bytes: objects in the vault, records, and what left the house.

Bytes are staged (a row that names them), written, then published in the transaction that points at them. A crash in
between leaves a staged row, or a live object nobody points at: upkeep finds both, so nothing is lost and nothing stays.
"""

from __future__ import annotations

import uuid

from django.db import models

from register.models.columns import one_of
from register.models.people import Client, Organization, Staff
from register.vocabulary import CopyMethod, HandoverMethod, ObjectArea, ObjectState
from rules.retention.words import WhyNot
from rules.vocabulary import DisclosureBasis, Proof


class Object(models.Model):
    """Bytes in the vault, by their opaque id."""

    id = models.CharField(max_length=32, primary_key=True)
    area = models.CharField(max_length=16)
    state = models.CharField(max_length=16, default=ObjectState.STAGED)
    version_id = models.CharField(max_length=128, blank=True)
    sealed_sha256 = models.CharField(max_length=64, blank=True)
    size = models.PositiveBigIntegerField(default=0)
    staged_at = models.DateTimeField()
    published_at = models.DateTimeField(null=True)
    gone_at = models.DateTimeField(null=True)

    class Meta:
        constraints = (one_of("area", ObjectArea), one_of("state", ObjectState))
        indexes = (models.Index(fields=("state", "staged_at"), name="objects_by_state"),)


class Record(models.Model):
    """The kept bytes of one sealed statement, or a paper of the house about what was destroyed."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    statement = models.OneToOneField("register.Statement", null=True, on_delete=models.PROTECT, related_name="record")
    """None for the papers of the house: a certificate of destruction, a manifest."""
    object = models.OneToOneField(Object, on_delete=models.PROTECT, related_name="record")
    document_sha256 = models.CharField(max_length=64)
    pages = models.PositiveSmallIntegerField()
    proof = models.CharField(max_length=32)
    retention_class = models.CharField(max_length=64)
    retain_until = models.DateTimeField(null=True)
    kept_at = models.DateTimeField()
    looked_at = models.DateTimeField()
    """When the bytes were last read to compare them; at first, when they were kept."""
    proved_at = models.DateTimeField()
    """When they were last found whole: earlier than `looked_at` while they are not."""
    destroyed_at = models.DateTimeField(null=True)
    """When its keys were destroyed; the row stays as a tombstone that names nobody."""
    due_on = models.DateField(null=True)
    """First day it may go, as last computed (`register.due`); None with `due_why_not`."""
    due_why_not = models.CharField(max_length=16, blank=True)
    destroy_by = models.DateField(null=True)
    due_rule = models.CharField(max_length=64, blank=True)
    due_version = models.CharField(max_length=32, blank=True)
    due_disposition = models.CharField(max_length=16, blank=True)
    due_basis = models.CharField(max_length=32, blank=True)
    """What the date was computed on; it counts only while that is what holds (`register.basis`)."""
    hold_mirrored = models.BooleanField(default=False)
    """The store was told to hold it, and answered."""

    class Meta:
        constraints = (
            one_of("proof", Proof),
            models.CheckConstraint(
                condition=models.Q(due_why_not__in=["", *(why.value for why in WhyNot)]),
                name="record_why_not_is_a_word",
            ),
            models.CheckConstraint(
                condition=models.Q(due_on__isnull=True) | models.Q(due_why_not=""), name="record_due_or_why_not"
            ),
        )
        indexes = (
            models.Index(fields=("proof", "kept_at"), name="records_by_proof"),
            models.Index(fields=("looked_at",), name="records_by_look"),
            models.Index(
                fields=("due_basis", "due_on", "id"), condition=models.Q(due_on__isnull=False), name="records_due"
            ),
            models.Index(fields=("due_basis", "due_why_not", "id"), name="records_by_why_not"),
            models.Index(fields=("id",), condition=models.Q(hold_mirrored=True), name="records_hold_mirrored"),
        )


class Disclosure(models.Model):
    """One row of the disclosure ledger: written before anything leaves, never changed."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    client = models.ForeignKey(Client, on_delete=models.PROTECT, related_name="disclosures")
    statement = models.ForeignKey("register.Statement", null=True, on_delete=models.PROTECT, related_name="disclosures")
    organization = models.ForeignKey(Organization, null=True, on_delete=models.PROTECT)
    categories = models.JSONField(default=list)
    basis = models.CharField(max_length=32)
    purpose = models.CharField(max_length=64, blank=True)
    method = models.CharField(max_length=16)
    items = models.PositiveSmallIntegerField(default=1)
    sealed_recipient_person = models.BinaryField(null=True)
    sealed_description = models.BinaryField(null=True)
    sealed_emergency = models.BinaryField(null=True)
    staff = models.ForeignKey(Staff, null=True, on_delete=models.PROTECT)
    disclosed_at = models.DateTimeField()
    written_at = models.DateTimeField()

    class Meta:
        constraints = (
            one_of("basis", DisclosureBasis),
            one_of("method", HandoverMethod),
            models.CheckConstraint(
                condition=models.Q(sealed_emergency=None) | models.Q(basis=DisclosureBasis.MEDICAL_EMERGENCY.value),
                name="an_emergency_is_documented_as_one",
            ),
        )


class CopyGiven(models.Model):
    """The client's own copy: how, when, by whom."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    statement = models.ForeignKey("register.Statement", on_delete=models.PROTECT, related_name="copies_given")
    method = models.CharField(max_length=16)
    document_sha256 = models.CharField(max_length=64)
    staff = models.ForeignKey(Staff, on_delete=models.PROTECT)
    given_at = models.DateTimeField()

    class Meta:
        constraints = (one_of("method", CopyMethod),)
