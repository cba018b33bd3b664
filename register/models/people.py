"""The agency, its staff, the clients and the receiving organizations.

Danger: a copy of this database names the clients. Invariant: what names a client is ciphertext under the client's own
data key, and what is searched is a keyed hash; both are worthless without the keyring and the key directory.
"""

from __future__ import annotations

import uuid

from django.contrib.auth.base_user import AbstractBaseUser
from django.db import models

from register.models.columns import one_of
from register.vocabulary import ClientAge
from rules.vocabulary import OrganizationKind


class Agency(models.Model):
    """The disclosing organization; one row."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    only = models.PositiveSmallIntegerField(default=1, unique=True)
    legal_name = models.TextField()
    unit = models.TextField(blank=True)
    address = models.JSONField(default=list)
    phone = models.TextField(blank=True)
    revocation_desk = models.TextField()
    classes = models.JSONField(default=list)
    time_zone = models.CharField(max_length=64)
    email = models.TextField(blank=True)
    notice_effective_on = models.DateField(null=True)
    training = models.BooleanField(default=False)
    sealed_search_key = models.BinaryField()
    logo = models.BinaryField(default=bytes)
    """A PNG, or nothing; printed in the letterhead of every paper."""

    class Meta:
        constraints = (models.CheckConstraint(condition=models.Q(only=1), name="one_agency"),)


class Staff(AbstractBaseUser):
    """A member of staff. Rows are never deleted: acts point at them."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    username = models.CharField(max_length=64, unique=True)
    sealed_display_name = models.BinaryField()
    roles = models.JSONField(default=list)
    retired_at = models.DateTimeField(null=True)
    added_at = models.DateTimeField()
    failed_attempts = models.PositiveSmallIntegerField(default=0)
    locked_until = models.DateTimeField(null=True)

    USERNAME_FIELD = "username"
    REQUIRED_FIELDS = []  # noqa: RUF012  # AbstractBaseUser declares it as a list


class Organization(models.Model):
    """A receiving organization; retired, never deleted, because old statements stay as they were signed."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    legal_name = models.TextField()
    unit = models.TextField(blank=True)
    address = models.JSONField(default=list)
    kind = models.CharField(max_length=32)
    predecessors = models.JSONField(default=list)
    retired_on = models.DateField(null=True)
    successor = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="taken_over")
    added_at = models.DateTimeField()

    class Meta:
        constraints = (
            one_of("kind", OrganizationKind),
            models.UniqueConstraint(fields=("legal_name", "unit"), name="organization_named_once"),
            models.CheckConstraint(
                condition=models.Q(successor__isnull=True) | models.Q(retired_on__isnull=False),
                name="only_the_retired_have_a_successor",
            ),
        )


class CarryOver(models.Model):
    """Counsel let a successor stand in the place of an organization that statements name; never changed."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="carried_over")
    successor = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="carries_over")
    sealed_reason = models.BinaryField()
    decided_by = models.ForeignKey(Staff, on_delete=models.PROTECT)
    decided_at = models.DateTimeField()

    class Meta:
        constraints = (models.UniqueConstraint(fields=("organization", "successor"), name="one_carry_over_a_pair"),)


class Client(models.Model):
    """A client: an opaque id, a sealed identity, and the hash of a birth date."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    sealed_identity = models.BinaryField()
    birth_token = models.BinaryField(max_length=32, db_index=True)
    age = models.CharField(max_length=8, default=ClientAge.UNREAD)
    of_age_on = models.DateField(null=True)
    """Of a minor: the last day of the month of the eighteenth birthday."""
    added_at = models.DateTimeField()
    erased_at = models.DateTimeField(null=True)
    """Nothing is kept any more, and the key of the identity is destroyed; the row stays for ledger and audit."""

    class Meta:
        constraints = (one_of("age", ClientAge),)


class NameToken(models.Model):
    """The keyed hash of one part of a current or former name; gone with the client."""

    client = models.ForeignKey(Client, on_delete=models.CASCADE, related_name="name_tokens")
    token = models.BinaryField(max_length=32, db_index=True)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("client", "token"), name="name_token_once_a_client"),)
