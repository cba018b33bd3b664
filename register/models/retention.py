"""What the schedule counts from, what stops it, and which schedule was adopted.

Danger: a day a record may go on that rests on an event somebody undid, a hold that is a column and not a row, a
schedule that one person brought in. Invariants, kept by the database itself: one event of a kind stands for each
subject; a hold has one row for each record; who proposes a schedule does not adopt it. A client's dates stand in clear
only rounded up to the end of their month; the day itself, and every word of a hold, is sealed.
"""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import Q

from register.models.columns import one_of
from register.models.keeping import Record
from register.models.people import Client, Staff
from register.vocabulary import HoldKind, HoldScope, MatterKind, ScheduleState, Undone
from rules.retention.words import EventKind


class Matter(models.Model):
    """What the program, and not one client, is in: an award, a contract. Records kept meanwhile belong to it."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    code = models.CharField(max_length=64, unique=True)
    kind = models.CharField(max_length=32)
    funder = models.CharField(max_length=64)
    covers_from = models.DateField()
    covers_to = models.DateField(null=True)
    added_by = models.ForeignKey(Staff, on_delete=models.PROTECT)
    added_at = models.DateTimeField()

    class Meta:
        constraints = (one_of("kind", MatterKind),)


class RetentionEvent(models.Model):
    """One thing that happened, of one client, matter or statement; never changed but to say that it was undone."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(max_length=32)
    client = models.ForeignKey(Client, null=True, on_delete=models.PROTECT, related_name="retention_events")
    matter = models.ForeignKey(Matter, null=True, on_delete=models.PROTECT, related_name="events")
    statement = models.ForeignKey(
        "register.Statement", null=True, on_delete=models.PROTECT, related_name="retention_events"
    )
    happened_on = models.DateField()
    """Of a client: the last day of its month."""
    sealed_day = models.BinaryField(null=True)
    staff = models.ForeignKey(Staff, null=True, on_delete=models.PROTECT)
    machine = models.CharField(max_length=32, blank=True)
    recorded_at = models.DateTimeField()
    undone = models.CharField(max_length=16, blank=True)
    undone_at = models.DateTimeField(null=True)
    undone_by = models.ForeignKey(Staff, null=True, on_delete=models.PROTECT, related_name="retention_events_undone")

    class Meta:
        constraints = (
            one_of("kind", EventKind),
            models.CheckConstraint(
                condition=Q(undone__in=["", *(why.value for why in Undone)]), name="retention_event_undone_is_a_word"
            ),
            models.CheckConstraint(
                condition=(
                    Q(client__isnull=False, matter__isnull=True, statement__isnull=True)
                    | Q(client__isnull=True, matter__isnull=False, statement__isnull=True)
                    | Q(client__isnull=True, matter__isnull=True, statement__isnull=False)
                ),
                name="retention_event_has_one_subject",
            ),
            *(
                models.UniqueConstraint(
                    fields=("kind", whose), condition=Q(undone=""), name=f"one_standing_event_{whose}"
                )
                for whose in ("client", "matter", "statement")
            ),
        )


class Hold(models.Model):
    """A reason why nothing it covers may go; what it says is sealed under a key of its own."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(max_length=32)
    scope = models.CharField(max_length=16)
    client = models.ForeignKey(Client, null=True, on_delete=models.PROTECT, related_name="holds")
    query = models.JSONField(default=dict)
    sealed_words = models.BinaryField()
    review_on = models.DateField()
    placed_by = models.ForeignKey(Staff, null=True, on_delete=models.PROTECT, related_name="holds_placed")
    """None: a restore brought it back from the store's log, which does not tell."""
    placed_at = models.DateTimeField()
    released_by = models.ForeignKey(Staff, null=True, on_delete=models.PROTECT, related_name="holds_released")
    released_at = models.DateTimeField(null=True)
    sealed_release = models.BinaryField(null=True)
    logged = models.BooleanField(default=False)
    """The store's log knows of it."""
    release_logged = models.BooleanField(default=False)
    incomplete = models.BooleanField(default=False)
    """It came back from the log, without what it says."""
    released_since = models.BooleanField(default=False)
    """It came back from a backup, and the log says that it was released after that."""

    class Meta:
        constraints = (
            one_of("kind", HoldKind),
            one_of("scope", HoldScope),
            models.CheckConstraint(
                condition=Q(released_at__isnull=True, released_by__isnull=True, sealed_release__isnull=True)
                | Q(released_at__isnull=False, released_by__isnull=False, sealed_release__isnull=False),
                name="hold_released_by_somebody_with_a_reason",
            ),
        )
        indexes = (
            models.Index(fields=("scope",), condition=Q(released_at__isnull=True), name="holds_standing"),
            models.Index(fields=("id",), condition=Q(logged=False), name="holds_unlogged"),
        )


class HoldRow(models.Model):
    """One hold on one record; it stands until that very hold is released."""

    hold = models.ForeignKey(Hold, on_delete=models.PROTECT, related_name="rows")
    record = models.ForeignKey(Record, on_delete=models.PROTECT, related_name="hold_rows")
    placed_at = models.DateTimeField()
    released_at = models.DateTimeField(null=True)
    logged = models.BooleanField(default=False)
    """The store's log knows of it."""

    class Meta:
        constraints = (models.UniqueConstraint(fields=("hold", "record"), name="hold_once_a_record"),)
        indexes = (
            models.Index(fields=("record",), condition=Q(released_at__isnull=True), name="hold_rows_standing"),
            models.Index(fields=("hold",), condition=Q(logged=False), name="hold_rows_unlogged"),
        )


class ScheduleVersion(models.Model):
    """A retention schedule as two persons adopted it; its text stays as they saw it."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    version = models.CharField(max_length=32)
    digest = models.CharField(max_length=64)
    text = models.TextField()
    state = models.CharField(max_length=16, default=ScheduleState.PROPOSED)
    previous = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="next")
    proposed_by = models.ForeignKey(Staff, on_delete=models.PROTECT, related_name="schedules_proposed")
    proposed_at = models.DateTimeField()
    adopted_by = models.ForeignKey(Staff, null=True, on_delete=models.PROTECT, related_name="schedules_adopted")
    adopted_at = models.DateTimeField(null=True)
    shortening_first_by = models.ForeignKey(Staff, null=True, on_delete=models.PROTECT, related_name="+")
    shortening_first_at = models.DateTimeField(null=True)
    shortening_by = models.ForeignKey(Staff, null=True, on_delete=models.PROTECT, related_name="+")
    shortening_at = models.DateTimeField(null=True)
    """Set: its dates hold even where the schedule before it kept longer."""

    class Meta:
        constraints = (
            one_of("state", ScheduleState),
            models.UniqueConstraint(
                fields=("version",), condition=~Q(state=ScheduleState.WITHDRAWN.value), name="one_schedule_a_version"
            ),
            models.UniqueConstraint(
                fields=("state",), condition=Q(state=ScheduleState.IN_FORCE.value), name="one_schedule_in_force"
            ),
            models.CheckConstraint(
                condition=Q(state__in=[ScheduleState.PROPOSED.value, ScheduleState.WITHDRAWN.value])
                | (Q(adopted_by__isnull=False) & ~Q(adopted_by=models.F("proposed_by"))),
                name="schedule_adopted_by_a_second_person",
            ),
            models.CheckConstraint(
                condition=Q(shortening_by__isnull=True)
                | (Q(shortening_first_by__isnull=False) & ~Q(shortening_by=models.F("shortening_first_by"))),
                name="shortening_approved_by_two_persons",
            ),
        )
