"""Retention: events, holds, adopted schedules, and the day a record may go."""

import django.db.models.deletion
import register.vocabulary
import uuid
from django.conf import settings
from django.db import migrations, models

from register.models.audit import append_only_again


class Migration(migrations.Migration):

    dependencies = [
        ('register', '0007_upkeep'),
    ]

    operations = [
        migrations.CreateModel(
            name='Hold',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('kind', models.CharField(max_length=32)),
                ('scope', models.CharField(max_length=16)),
                ('query', models.JSONField(default=dict)),
                ('sealed_words', models.BinaryField()),
                ('review_on', models.DateField()),
                ('placed_at', models.DateTimeField()),
                ('released_at', models.DateTimeField(null=True)),
                ('sealed_release', models.BinaryField(null=True)),
            ],
        ),
        migrations.CreateModel(
            name='HoldRow',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('placed_at', models.DateTimeField()),
                ('released_at', models.DateTimeField(null=True)),
            ],
        ),
        migrations.CreateModel(
            name='Matter',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('code', models.CharField(max_length=64, unique=True)),
                ('kind', models.CharField(max_length=32)),
                ('funder', models.CharField(max_length=64)),
                ('covers_from', models.DateField()),
                ('covers_to', models.DateField(null=True)),
                ('added_at', models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name='RetentionEvent',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('kind', models.CharField(max_length=32)),
                ('happened_on', models.DateField()),
                ('sealed_day', models.BinaryField(null=True)),
                ('machine', models.CharField(blank=True, max_length=32)),
                ('recorded_at', models.DateTimeField()),
                ('undone', models.CharField(blank=True, max_length=16)),
                ('undone_at', models.DateTimeField(null=True)),
            ],
        ),
        migrations.CreateModel(
            name='ScheduleVersion',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('version', models.CharField(max_length=32)),
                ('digest', models.CharField(max_length=64)),
                ('text', models.TextField()),
                ('state', models.CharField(default=register.vocabulary.ScheduleState['PROPOSED'], max_length=16)),
                ('proposed_at', models.DateTimeField()),
                ('adopted_at', models.DateTimeField(null=True)),
                ('shortening_first_at', models.DateTimeField(null=True)),
                ('shortening_at', models.DateTimeField(null=True)),
            ],
        ),
        migrations.RemoveConstraint(
            model_name='auditentry',
            name='auditentry_verb_is_a_word',
        ),
        migrations.AddField(
            model_name='client',
            name='age',
            field=models.CharField(default=register.vocabulary.ClientAge['UNREAD'], max_length=8),
        ),
        migrations.AddField(
            model_name='client',
            name='of_age_on',
            field=models.DateField(null=True),
        ),
        migrations.AddField(
            model_name='record',
            name='destroy_by',
            field=models.DateField(null=True),
        ),
        migrations.AddField(
            model_name='record',
            name='due_basis',
            field=models.CharField(blank=True, max_length=32),
        ),
        migrations.AddField(
            model_name='record',
            name='due_disposition',
            field=models.CharField(blank=True, max_length=16),
        ),
        migrations.AddField(
            model_name='record',
            name='due_on',
            field=models.DateField(null=True),
        ),
        migrations.AddField(
            model_name='record',
            name='due_rule',
            field=models.CharField(blank=True, max_length=64),
        ),
        migrations.AddField(
            model_name='record',
            name='due_version',
            field=models.CharField(blank=True, max_length=32),
        ),
        migrations.AddField(
            model_name='record',
            name='due_why_not',
            field=models.CharField(blank=True, max_length=16),
        ),
        migrations.AddField(
            model_name='record',
            name='hold_mirrored',
            field=models.BooleanField(default=False),
        ),
        migrations.AddIndex(
            model_name='record',
            index=models.Index(condition=models.Q(('due_on__isnull', False)), fields=['due_basis', 'due_on', 'id'], name='records_due'),
        ),
        migrations.AddIndex(
            model_name='record',
            index=models.Index(fields=['due_basis', 'due_why_not', 'id'], name='records_by_why_not'),
        ),
        migrations.AddIndex(
            model_name='record',
            index=models.Index(condition=models.Q(('hold_mirrored', True)), fields=['id'], name='records_hold_mirrored'),
        ),
        migrations.AddConstraint(
            model_name='auditentry',
            constraint=models.CheckConstraint(condition=models.Q(('verb__in', ['agency_established', 'agency_classified', 'agency_logo_set', 'agency_notice_in_effect', 'master_key_changed', 'authority_renewed', 'staff_added', 'staff_reset', 'staff_retired', 'staff_locked_out', 'staff_authenticated', 'organization_added', 'organization_retired', 'client_added', 'client_renamed', 'client_searched', 'identity_seen', 'draft_seen', 'packet_opened', 'packet_claimed', 'packet_issued', 'packet_failed', 'packet_asked_again', 'packet_withdrawn', 'packet_returned', 'statement_moved', 'working_replaced', 'signed', 'sealing_requested', 'sealing_claimed', 'sealing_failed', 'sealing_returned', 'record_kept', 'record_upgraded', 'record_extended', 'object_gone', 'disclosed', 'copy_given', 'form_proposed', 'form_published', 'form_withdrawn', 'form_approved', 'epoch_ended', 'standby_forgotten', 'backed_up', 'restored', 'closure_exported', 'matter_added', 'event_recorded', 'event_undone', 'hold_placed', 'hold_released', 'hold_captured', 'hold_mirrored', 'hold_seen', 'schedule_proposed', 'schedule_adopted', 'schedule_withdrawn', 'shortening_approved'])), name='auditentry_verb_is_a_word'),
        ),
        migrations.AddConstraint(
            model_name='client',
            constraint=models.CheckConstraint(condition=models.Q(('age__in', ['unread', 'adult', 'minor'])), name='client_age_is_a_word'),
        ),
        migrations.AddConstraint(
            model_name='record',
            constraint=models.CheckConstraint(condition=models.Q(('due_why_not__in', ['', 'in_effect', 'permanent', 'missing_event', 'no_rule', 'no_schedule', 'conflict', 'shortening', 'disposed'])), name='record_why_not_is_a_word'),
        ),
        migrations.AddConstraint(
            model_name='record',
            constraint=models.CheckConstraint(condition=models.Q(('due_on__isnull', True), ('due_why_not', ''), _connector='OR'), name='record_due_or_why_not'),
        ),
        migrations.AddField(
            model_name='hold',
            name='client',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='holds', to='register.client'),
        ),
        migrations.AddField(
            model_name='hold',
            name='placed_by',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='holds_placed', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='hold',
            name='released_by',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='holds_released', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='holdrow',
            name='hold',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='rows', to='register.hold'),
        ),
        migrations.AddField(
            model_name='holdrow',
            name='record',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='hold_rows', to='register.record'),
        ),
        migrations.AddField(
            model_name='matter',
            name='added_by',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='retentionevent',
            name='client',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='retention_events', to='register.client'),
        ),
        migrations.AddField(
            model_name='retentionevent',
            name='matter',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='events', to='register.matter'),
        ),
        migrations.AddField(
            model_name='retentionevent',
            name='staff',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='retentionevent',
            name='statement',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='retention_events', to='register.statement'),
        ),
        migrations.AddField(
            model_name='retentionevent',
            name='undone_by',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='retention_events_undone', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='scheduleversion',
            name='adopted_by',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='schedules_adopted', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='scheduleversion',
            name='previous',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='next', to='register.scheduleversion'),
        ),
        migrations.AddField(
            model_name='scheduleversion',
            name='proposed_by',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='schedules_proposed', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='scheduleversion',
            name='shortening_by',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='scheduleversion',
            name='shortening_first_by',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddIndex(
            model_name='hold',
            index=models.Index(condition=models.Q(('released_at__isnull', True)), fields=['scope'], name='holds_standing'),
        ),
        migrations.AddConstraint(
            model_name='hold',
            constraint=models.CheckConstraint(condition=models.Q(('kind__in', ['litigation', 'investigation', 'audit', 'complaint', 'records_request', 'other'])), name='hold_kind_is_a_word'),
        ),
        migrations.AddConstraint(
            model_name='hold',
            constraint=models.CheckConstraint(condition=models.Q(('scope__in', ['records', 'client', 'query'])), name='hold_scope_is_a_word'),
        ),
        migrations.AddConstraint(
            model_name='hold',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('released_at__isnull', True), ('released_by__isnull', True), ('sealed_release__isnull', True)), models.Q(('released_at__isnull', False), ('released_by__isnull', False), ('sealed_release__isnull', False)), _connector='OR'), name='hold_released_by_somebody_with_a_reason'),
        ),
        migrations.AddIndex(
            model_name='holdrow',
            index=models.Index(condition=models.Q(('released_at__isnull', True)), fields=['record'], name='hold_rows_standing'),
        ),
        migrations.AddConstraint(
            model_name='holdrow',
            constraint=models.UniqueConstraint(fields=('hold', 'record'), name='hold_once_a_record'),
        ),
        migrations.AddConstraint(
            model_name='matter',
            constraint=models.CheckConstraint(condition=models.Q(('kind__in', ['award', 'contract', 'claims'])), name='matter_kind_is_a_word'),
        ),
        migrations.AddConstraint(
            model_name='retentionevent',
            constraint=models.CheckConstraint(condition=models.Q(('kind__in', ['last_service', 'case_closed', 'case_reopened', 'discharge', 'death_known', 'age_18', 'age_21', 'final_report_submitted', 'audit_opened', 'audit_closed', 'contract_ended', 'program_discontinued', 'matter_closed', 'consent_not_in_effect', 'statement_declined', 'statement_void', 'disclosed', 'reported', 'completed', 'superseded', 'related_gone'])), name='retentionevent_kind_is_a_word'),
        ),
        migrations.AddConstraint(
            model_name='retentionevent',
            constraint=models.CheckConstraint(condition=models.Q(('undone__in', ['', 'superseded', 'reopened', 'corrected'])), name='retention_event_undone_is_a_word'),
        ),
        migrations.AddConstraint(
            model_name='retentionevent',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('client__isnull', False), ('matter__isnull', True), ('statement__isnull', True)), models.Q(('client__isnull', True), ('matter__isnull', False), ('statement__isnull', True)), models.Q(('client__isnull', True), ('matter__isnull', True), ('statement__isnull', False)), _connector='OR'), name='retention_event_has_one_subject'),
        ),
        migrations.AddConstraint(
            model_name='retentionevent',
            constraint=models.UniqueConstraint(condition=models.Q(('undone', '')), fields=('kind', 'client'), name='one_standing_event_client'),
        ),
        migrations.AddConstraint(
            model_name='retentionevent',
            constraint=models.UniqueConstraint(condition=models.Q(('undone', '')), fields=('kind', 'matter'), name='one_standing_event_matter'),
        ),
        migrations.AddConstraint(
            model_name='retentionevent',
            constraint=models.UniqueConstraint(condition=models.Q(('undone', '')), fields=('kind', 'statement'), name='one_standing_event_statement'),
        ),
        migrations.AddConstraint(
            model_name='scheduleversion',
            constraint=models.CheckConstraint(condition=models.Q(('state__in', ['proposed', 'in_force', 'superseded', 'withdrawn'])), name='scheduleversion_state_is_a_word'),
        ),
        migrations.AddConstraint(
            model_name='scheduleversion',
            constraint=models.UniqueConstraint(condition=models.Q(('state', 'withdrawn'), _negated=True), fields=('version',), name='one_schedule_a_version'),
        ),
        migrations.AddConstraint(
            model_name='scheduleversion',
            constraint=models.UniqueConstraint(condition=models.Q(('state', 'in_force')), fields=('state',), name='one_schedule_in_force'),
        ),
        migrations.AddConstraint(
            model_name='scheduleversion',
            constraint=models.CheckConstraint(condition=models.Q(('state__in', ['proposed', 'withdrawn']), models.Q(('adopted_by__isnull', False), models.Q(('adopted_by', models.F('proposed_by')), _negated=True)), _connector='OR'), name='schedule_adopted_by_a_second_person'),
        ),
        migrations.AddConstraint(
            model_name='scheduleversion',
            constraint=models.CheckConstraint(condition=models.Q(('shortening_by__isnull', True), models.Q(('shortening_first_by__isnull', False), models.Q(('shortening_by', models.F('shortening_first_by')), _negated=True)), _connector='OR'), name='shortening_approved_by_two_persons'),
        ),
        migrations.RunPython(append_only_again, append_only_again),
    ]
