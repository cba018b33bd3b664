"""Packets, statements and acts of signing.

A packet's row and a statement's sealing columns are queues: who holds the lease works, and a lease that runs out is
free again. Invariant: every column that says where something stands is changed only by compare-and-set.
"""

from __future__ import annotations

import uuid

from django.db import models

from register.models.columns import one_of
from register.models.keeping import Object
from register.models.people import Client, Organization, Staff
from register.vocabulary import SealingState
from rules.vocabulary import (
    Family,
    IdentifiedHow,
    InkKind,
    Language,
    PacketState,
    Proof,
    ReadOn,
    SignerCapacity,
    SignerRole,
    StatementState,
)


class Packet(models.Model):
    """The statements of one sitting, and how far their issuing is."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    request_id = models.UUIDField(unique=True)
    client = models.ForeignKey(Client, on_delete=models.PROTECT, related_name="packets")
    state = models.CharField(max_length=16, default=PacketState.REQUESTED)
    attempts = models.PositiveSmallIntegerField(default=0)
    lease_holder = models.CharField(max_length=64, blank=True)
    lease_until = models.DateTimeField(null=True)
    not_before = models.DateTimeField(null=True)
    failed_step = models.CharField(max_length=32, blank=True)
    failed_code = models.CharField(max_length=64, blank=True)
    opened_by = models.ForeignKey(Staff, on_delete=models.PROTECT)
    opened_at = models.DateTimeField()
    claimed_at = models.DateTimeField(null=True)
    issued_at = models.DateTimeField(null=True)
    failed_at = models.DateTimeField(null=True)
    stage_ms = models.JSONField(default=dict)

    class Meta:
        constraints = (one_of("state", PacketState),)
        indexes = (
            models.Index(
                fields=("opened_at",),
                condition=models.Q(state__in=[PacketState.REQUESTED.value, PacketState.ISSUING.value]),
                name="packets_waiting",
            ),
        )


class Statement(models.Model):
    """One statement: one client, one form, at most one receiving organization."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    ref = models.CharField(max_length=14, unique=True)
    packet = models.ForeignKey(Packet, on_delete=models.PROTECT, related_name="statements")
    client = models.ForeignKey(Client, on_delete=models.PROTECT, related_name="statements")
    position = models.PositiveSmallIntegerField()
    form_id = models.CharField(max_length=64)
    form_version = models.CharField(max_length=32)
    form_sha256 = models.CharField(max_length=64, blank=True)
    retention_class = models.CharField(max_length=64)
    language = models.CharField(max_length=8)
    family = models.CharField(max_length=32)
    organization = models.ForeignKey(Organization, null=True, on_delete=models.PROTECT)
    signers = models.JSONField(default=list)
    state = models.CharField(max_length=32, default=StatementState.DRAFT)
    proof = models.CharField(max_length=32, default=Proof.NONE)
    revision = models.PositiveIntegerField(default=0)
    sealed_draft = models.BinaryField()
    working_object = models.ForeignKey(Object, null=True, on_delete=models.PROTECT, related_name="worked_by")
    document_sha256 = models.CharField(max_length=64, blank=True)
    pages = models.PositiveSmallIntegerField(default=0)
    stamped_at = models.DateTimeField(null=True)
    expires_on = models.DateField(null=True)
    presented_at = models.DateTimeField(null=True)
    signed_at = models.DateTimeField(null=True)
    activated_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    sealing = models.CharField(max_length=16, default=SealingState.NONE)
    sealing_requested_at = models.DateTimeField(null=True)
    sealing_lease_holder = models.CharField(max_length=64, blank=True)
    sealing_lease_until = models.DateTimeField(null=True)
    sealing_not_before = models.DateTimeField(null=True)
    sealing_attempts = models.PositiveSmallIntegerField(default=0)
    sealing_failed_step = models.CharField(max_length=32, blank=True)
    sealing_failed_code = models.CharField(max_length=64, blank=True)

    class Meta:
        constraints = (
            one_of("state", StatementState),
            one_of("proof", Proof),
            one_of("sealing", SealingState),
            one_of("language", Language),
            one_of("family", Family),
            models.UniqueConstraint(fields=("packet", "position"), name="statement_place_in_packet"),
        )
        indexes = (
            models.Index(
                fields=("sealing_requested_at",),
                condition=models.Q(sealing__in=[SealingState.REQUESTED.value, SealingState.SEALING.value]),
                name="statements_to_seal",
            ),
            models.Index(fields=("client", "family", "state"), name="statements_of_client"),
        )


class Move(models.Model):
    """One change of a statement's state, with what brought it about and, where the rules want one, the reason."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    statement = models.ForeignKey(Statement, on_delete=models.PROTECT, related_name="moves")
    source = models.CharField(max_length=32)
    target = models.CharField(max_length=32)
    trigger = models.CharField(max_length=32)
    staff = models.ForeignKey(Staff, null=True, on_delete=models.PROTECT)
    machine = models.CharField(max_length=32, blank=True)
    at = models.DateTimeField()
    void_reason = models.CharField(max_length=32, blank=True)
    sealed_reason = models.BinaryField(null=True)

    class Meta:
        constraints = (one_of("source", StatementState), one_of("target", StatementState))


class Signing(models.Model):
    """The evidence of one act of signing; never changed."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    statement = models.ForeignKey(Statement, on_delete=models.PROTECT, related_name="signings")
    order = models.PositiveSmallIntegerField()
    role = models.CharField(max_length=16)
    capacity = models.CharField(max_length=32)
    ink = models.CharField(max_length=16)
    staff = models.ForeignKey(Staff, null=True, on_delete=models.PROTECT)
    identified_how = models.CharField(max_length=32, blank=True)
    shown_sha256 = models.CharField(max_length=64)
    resulting_sha256 = models.CharField(max_length=64)
    revision_shown = models.PositiveIntegerField()
    signed_at = models.DateTimeField()
    device = models.CharField(max_length=64, blank=True)
    consent_version = models.CharField(max_length=32, blank=True)
    viewed_pages = models.PositiveSmallIntegerField()
    read_on = models.CharField(max_length=16, blank=True, default="")
    paper_offered = models.BooleanField()
    certificate_sha256 = models.CharField(max_length=64)
    certificate_serial = models.CharField(max_length=64)
    stamped = models.BooleanField()

    class Meta:
        constraints = (
            one_of("role", SignerRole),
            one_of("capacity", SignerCapacity),
            one_of("ink", InkKind),
            models.CheckConstraint(
                condition=models.Q(identified_how__in=["", *(how.value for how in IdentifiedHow)]),
                name="signing_identified_how_is_a_word",
            ),
            models.CheckConstraint(
                condition=models.Q(read_on__in=["", *(read_on.value for read_on in ReadOn)]),
                name="signing_read_on_is_a_word",
            ),
            models.UniqueConstraint(fields=("statement", "role"), name="one_act_a_role"),
        )
