"""The forms a site makes itself: who proposed a version, who published it, and which counsel approved it.

The texts lie in files; here stands what they were when somebody looked at them (their digest), and who did what. The
database itself refuses a publication by the one who proposed.
"""

from __future__ import annotations

import uuid

from django.db import models

from register.models.columns import one_of
from register.models.people import Staff
from register.vocabulary import FormState
from rules.vocabulary import Language


class FormVersion(models.Model):
    """One version of a form, from proposal on."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    form_id = models.CharField(max_length=64)
    version = models.CharField(max_length=32)
    digest = models.CharField(max_length=64)
    state = models.CharField(max_length=16, default=FormState.PROPOSED)
    proposed_by = models.ForeignKey(Staff, on_delete=models.PROTECT, related_name="forms_proposed")
    proposed_at = models.DateTimeField()
    decided_by = models.ForeignKey(Staff, null=True, on_delete=models.PROTECT, related_name="forms_decided")
    decided_at = models.DateTimeField(null=True)

    class Meta:
        constraints = (
            one_of("state", FormState),
            models.UniqueConstraint(
                fields=("form_id", "version"),
                condition=~models.Q(state=FormState.WITHDRAWN.value),
                name="one_form_a_version",
            ),
            models.CheckConstraint(
                condition=~models.Q(state=FormState.PUBLISHED.value)
                | (models.Q(decided_by__isnull=False) & ~models.Q(decided_by=models.F("proposed_by"))),
                name="form_published_by_a_second_person",
            ),
        )


class FormApproval(models.Model):
    """Counsel read one version of a form in one language, and approved it; the row stays when it is withdrawn."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    form_id = models.CharField(max_length=64)
    version = models.CharField(max_length=32)
    language = models.CharField(max_length=8)
    document_sha256 = models.CharField(max_length=64)
    sealed_counsel = models.BinaryField()
    approved_on = models.DateField()
    recorded_by = models.ForeignKey(Staff, on_delete=models.PROTECT)
    recorded_at = models.DateTimeField()
    withdrawn_by = models.ForeignKey(Staff, null=True, on_delete=models.PROTECT, related_name="approvals_withdrawn")
    withdrawn_at = models.DateTimeField(null=True)
    sealed_withdrawal = models.BinaryField(null=True)

    class Meta:
        constraints = (
            one_of("language", Language),
            models.UniqueConstraint(
                fields=("form_id", "version", "language", "document_sha256"),
                condition=models.Q(withdrawn_at=None),
                name="one_approval_a_text",
            ),
        )
