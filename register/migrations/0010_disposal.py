"""Disposal runs, tombstones, and records that belong to no client."""

import django.db.models.deletion
import rules.disposal
import uuid
from django.db import migrations, models

from register.models.audit import append_only_again


class Migration(migrations.Migration):

    dependencies = [
        ('register', '0009_disclosures'),
    ]

    operations = [
        migrations.CreateModel(
            name='DisposalApproval',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('capacity', models.CharField(max_length=32)),
                ('list_sha256', models.CharField(max_length=64)),
                ('at', models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name='DisposalCertificate',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('stage', models.CharField(max_length=16)),
                ('effective_on', models.DateField(null=True)),
                ('issued_at', models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name='DisposalItem',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('position', models.PositiveIntegerField()),
                ('object_key', models.CharField(max_length=32)),
                ('row', models.JSONField()),
                ('answer', models.CharField(blank=True, max_length=16)),
                ('retain_until', models.DateField(null=True)),
                ('sealed_reason', models.BinaryField(null=True)),
                ('answered_at', models.DateTimeField(null=True)),
                ('outcome', models.CharField(default=rules.disposal.Outcome['WAITING'], max_length=16)),
                ('why', models.CharField(blank=True, max_length=32)),
                ('batch', models.CharField(blank=True, max_length=32)),
                ('bypass_lock', models.BooleanField(default=False)),
                ('erased_at', models.DateTimeField(null=True)),
                ('destroyed_at', models.DateTimeField(null=True)),
            ],
        ),
        migrations.CreateModel(
            name='DisposalRun',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('ref', models.CharField(max_length=14, unique=True)),
                ('state', models.CharField(default=rules.disposal.RunState['OPEN'], max_length=16)),
                ('as_of', models.DateField()),
                ('prepared_at', models.DateTimeField()),
                ('schedule_version', models.CharField(max_length=32)),
                ('rows', models.PositiveIntegerField()),
                ('list_sha256', models.CharField(max_length=64)),
                ('approved_sha256', models.CharField(blank=True, max_length=64)),
                ('lease_holder', models.CharField(blank=True, max_length=64)),
                ('lease_until', models.DateTimeField(null=True)),
                ('begun_at', models.DateTimeField(null=True)),
                ('ended_at', models.DateTimeField(null=True)),
                ('first_key_at', models.DateTimeField(null=True)),
                ('last_key_at', models.DateTimeField(null=True)),
                ('clients_erased', models.PositiveIntegerField(default=0)),
                ('store', models.TextField(blank=True)),
                ('software', models.CharField(blank=True, max_length=32)),
            ],
        ),
        migrations.RemoveConstraint(
            model_name='auditentry',
            name='auditentry_verb_is_a_word',
        ),
        migrations.AddField(
            model_name='client',
            name='erased_at',
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name='record',
            name='destroyed_at',
            field=models.DateTimeField(null=True),
        ),
        migrations.AlterField(
            model_name='record',
            name='statement',
            field=models.OneToOneField(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='record', to='register.statement'),
        ),
        migrations.AddConstraint(
            model_name='auditentry',
            constraint=models.CheckConstraint(condition=models.Q(('verb__in', ['agency_established', 'agency_classified', 'agency_logo_set', 'agency_notice_in_effect', 'master_key_changed', 'authority_renewed', 'staff_added', 'staff_reset', 'staff_retired', 'staff_locked_out', 'staff_authenticated', 'organization_added', 'organization_retired', 'organization_carried_over', 'client_added', 'client_renamed', 'client_searched', 'identity_seen', 'draft_seen', 'reasons_seen', 'ledger_seen', 'packet_opened', 'packet_claimed', 'packet_issued', 'packet_failed', 'packet_asked_again', 'packet_withdrawn', 'packet_returned', 'statement_moved', 'working_replaced', 'signed', 'sealing_requested', 'sealing_claimed', 'sealing_failed', 'sealing_returned', 'record_kept', 'record_upgraded', 'record_extended', 'object_gone', 'disclosed', 'copy_given', 'form_proposed', 'form_published', 'form_withdrawn', 'form_approved', 'form_approval_withdrawn', 'epoch_ended', 'standby_forgotten', 'backed_up', 'restored', 'closure_exported', 'disposal_proposed', 'disposal_answered', 'disposal_excluded', 'disposal_approved', 'disposal_withdrawn', 'disposal_lapsed', 'disposal_begun', 'disposal_executed', 'disposal_certified', 'record_erased', 'record_destroyed', 'client_erased', 'matter_added', 'event_recorded', 'event_undone', 'hold_placed', 'hold_released', 'hold_captured', 'hold_mirrored', 'hold_seen', 'schedule_proposed', 'schedule_adopted', 'schedule_withdrawn', 'shortening_approved'])), name='auditentry_verb_is_a_word'),
        ),
        migrations.AddField(
            model_name='disposalapproval',
            name='staff',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='register.staff'),
        ),
        migrations.AddField(
            model_name='disposalcertificate',
            name='manifest',
            field=models.OneToOneField(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='manifest_of', to='register.record'),
        ),
        migrations.AddField(
            model_name='disposalcertificate',
            name='record',
            field=models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='certificate', to='register.record'),
        ),
        migrations.AddField(
            model_name='disposalitem',
            name='answered_by',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='register.staff'),
        ),
        migrations.AddField(
            model_name='disposalitem',
            name='record',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='disposal_items', to='register.record'),
        ),
        migrations.AddField(
            model_name='disposalrun',
            name='prepared_by',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='register.staff'),
        ),
        migrations.AddField(
            model_name='disposalitem',
            name='run',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='items', to='register.disposalrun'),
        ),
        migrations.AddField(
            model_name='disposalcertificate',
            name='run',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='certificates', to='register.disposalrun'),
        ),
        migrations.AddField(
            model_name='disposalapproval',
            name='run',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='approvals', to='register.disposalrun'),
        ),
        migrations.AddConstraint(
            model_name='disposalrun',
            constraint=models.CheckConstraint(condition=models.Q(('state__in', ['open', 'approving', 'approved', 'executing', 'executed', 'lapsed', 'withdrawn'])), name='disposalrun_state_is_a_word'),
        ),
        migrations.AddIndex(
            model_name='disposalitem',
            index=models.Index(fields=['run', 'outcome', 'object_key'], name='disposal_items_at_work'),
        ),
        migrations.AddIndex(
            model_name='disposalitem',
            index=models.Index(fields=['record', 'outcome'], name='disposal_items_of_record'),
        ),
        migrations.AddConstraint(
            model_name='disposalitem',
            constraint=models.CheckConstraint(condition=models.Q(('outcome__in', ['waiting', 'out', 'failed', 'erased', 'destroyed'])), name='disposalitem_outcome_is_a_word'),
        ),
        migrations.AddConstraint(
            model_name='disposalitem',
            constraint=models.CheckConstraint(condition=models.Q(('answer__in', ['', 'destroy', 'retain', 'transfer'])), name='disposal_answer_is_a_word'),
        ),
        migrations.AddConstraint(
            model_name='disposalitem',
            constraint=models.CheckConstraint(condition=models.Q(('why__in', ['', 'unanswered', 'retained', 'transfer', 'excluded', 'not_approved', 'approval_lapsed', 'not_due', 'held', 'gone', 'locked', 'store_held', 'store', 'still_present', 'run_lapsed', 'run_withdrawn'])), name='disposal_why_is_a_word'),
        ),
        migrations.AddConstraint(
            model_name='disposalitem',
            constraint=models.UniqueConstraint(fields=('run', 'record'), name='record_once_a_run'),
        ),
        migrations.AddConstraint(
            model_name='disposalitem',
            constraint=models.UniqueConstraint(fields=('run', 'position'), name='place_on_the_list'),
        ),
        migrations.AddConstraint(
            model_name='disposalitem',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('outcome', 'destroyed'), _negated=True), models.Q(('destroyed_at__isnull', False), ('erased_at__isnull', False)), _connector='OR'), name='destroyed_after_its_keys'),
        ),
        migrations.AddConstraint(
            model_name='disposalitem',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('outcome__in', ['destroyed', 'erased']), _negated=True), ('answer', 'destroy'), _connector='OR'), name='only_what_was_answered_destroy'),
        ),
        migrations.AddConstraint(
            model_name='disposalcertificate',
            constraint=models.CheckConstraint(condition=models.Q(('stage__in', ['keys_destroyed', 'effective'])), name='disposalcertificate_stage_is_a_word'),
        ),
        migrations.AddConstraint(
            model_name='disposalcertificate',
            constraint=models.UniqueConstraint(fields=('run', 'stage'), name='one_certificate_a_stage'),
        ),
        migrations.AddConstraint(
            model_name='disposalapproval',
            constraint=models.UniqueConstraint(fields=('run', 'staff'), name='nobody_approves_twice'),
        ),
        migrations.RunPython(append_only_again, append_only_again),
    ]
