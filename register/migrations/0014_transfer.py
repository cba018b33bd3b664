"""Transfer to a successor custodian: the archive that was handed over, its receipt, and rows that went by it."""


import django.db.models.deletion
import uuid
from django.db import migrations, models

from register.models.audit import append_only_again


class Migration(migrations.Migration):

    dependencies = [
        ('register', '0013_ciphertext_stays'),
    ]

    operations = [
        migrations.CreateModel(
            name='DisposalTransfer',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('archive_sha256', models.CharField(max_length=64, unique=True)),
                ('sums_sha256', models.CharField(max_length=64)),
                ('records', models.PositiveIntegerField()),
                ('handed_at', models.DateTimeField()),
                ('received_on', models.DateField(null=True)),
                ('sealed_confirmed_by', models.BinaryField(null=True)),
                ('recorded_at', models.DateTimeField(null=True)),
            ],
        ),
        migrations.CreateModel(
            name='DisposalTransferLine',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('document_sha256', models.CharField(max_length=64)),
            ],
        ),
        migrations.RemoveConstraint(
            model_name='auditentry',
            name='auditentry_verb_is_a_word',
        ),
        migrations.RemoveConstraint(
            model_name='disposalitem',
            name='disposalitem_outcome_is_a_word',
        ),
        migrations.RemoveConstraint(
            model_name='disposalitem',
            name='disposal_why_is_a_word',
        ),
        migrations.RemoveConstraint(
            model_name='disposalitem',
            name='destroyed_after_its_keys',
        ),
        migrations.RemoveConstraint(
            model_name='disposalitem',
            name='only_what_was_answered_destroy',
        ),
        migrations.AddField(
            model_name='disposalitem',
            name='successor',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='register.organization'),
        ),
        migrations.AddConstraint(
            model_name='auditentry',
            constraint=models.CheckConstraint(condition=models.Q(('verb__in', ['agency_established', 'agency_classified', 'agency_logo_set', 'agency_notice_in_effect', 'master_key_changed', 'authority_renewed', 'staff_added', 'staff_reset', 'staff_retired', 'staff_locked_out', 'staff_authenticated', 'organization_added', 'organization_retired', 'organization_carried_over', 'client_added', 'client_renamed', 'client_searched', 'identity_seen', 'draft_seen', 'reasons_seen', 'ledger_seen', 'packet_opened', 'packet_claimed', 'packet_issued', 'packet_failed', 'packet_asked_again', 'packet_withdrawn', 'packet_returned', 'statement_moved', 'working_replaced', 'signed', 'sealing_requested', 'sealing_claimed', 'sealing_failed', 'sealing_returned', 'record_kept', 'record_upgraded', 'record_extended', 'object_gone', 'disclosed', 'copy_given', 'form_proposed', 'form_published', 'form_withdrawn', 'form_approved', 'form_approval_withdrawn', 'epoch_ended', 'standby_forgotten', 'backed_up', 'restored', 'closure_exported', 'disposal_proposed', 'disposal_answered', 'disposal_excluded', 'disposal_approved', 'disposal_withdrawn', 'disposal_lapsed', 'disposal_begun', 'disposal_transferred', 'disposal_received', 'disposal_executed', 'disposal_certified', 'record_erased', 'record_destroyed', 'client_erased', 'matter_added', 'event_recorded', 'event_undone', 'hold_placed', 'hold_released', 'hold_captured', 'hold_mirrored', 'hold_seen', 'hold_restored', 'hold_completed', 'schedule_proposed', 'schedule_adopted', 'schedule_withdrawn', 'shortening_approved'])), name='auditentry_verb_is_a_word'),
        ),
        migrations.AddField(
            model_name='disposaltransfer',
            name='handed_by',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='register.staff'),
        ),
        migrations.AddField(
            model_name='disposaltransfer',
            name='organization',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='register.organization'),
        ),
        migrations.AddField(
            model_name='disposaltransfer',
            name='recorded_by',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='register.staff'),
        ),
        migrations.AddField(
            model_name='disposaltransfer',
            name='run',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='transfers', to='register.disposalrun'),
        ),
        migrations.AddField(
            model_name='disposalitem',
            name='transfer',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='destroyed', to='register.disposaltransfer'),
        ),
        migrations.AddConstraint(
            model_name='disposalitem',
            constraint=models.CheckConstraint(condition=models.Q(('outcome__in', ['waiting', 'out', 'failed', 'erased', 'destroyed', 'transferred'])), name='disposalitem_outcome_is_a_word'),
        ),
        migrations.AddConstraint(
            model_name='disposalitem',
            constraint=models.CheckConstraint(condition=models.Q(('why__in', ['', 'unanswered', 'retained', 'transfer', 'not_received', 'excluded', 'not_approved', 'approval_lapsed', 'not_due', 'held', 'gone', 'locked', 'store_held', 'store', 'still_present', 'run_lapsed', 'run_withdrawn'])), name='disposal_why_is_a_word'),
        ),
        migrations.AddConstraint(
            model_name='disposalitem',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('outcome__in', ['destroyed', 'transferred']), _negated=True), models.Q(('destroyed_at__isnull', False), ('erased_at__isnull', False)), _connector='OR'), name='gone_after_its_keys'),
        ),
        migrations.AddConstraint(
            model_name='disposalitem',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('outcome__in', ['erased', 'destroyed', 'transferred']), _negated=True), models.Q(('answer', 'destroy'), ('outcome__in', ['erased', 'destroyed'])), models.Q(('answer', 'transfer'), ('outcome__in', ['erased', 'transferred']), ('transfer__isnull', False)), _connector='OR'), name='gone_as_it_was_answered'),
        ),
        migrations.AddField(
            model_name='disposaltransferline',
            name='record',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='register.record'),
        ),
        migrations.AddField(
            model_name='disposaltransferline',
            name='transfer',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='lines', to='register.disposaltransfer'),
        ),
        migrations.AddConstraint(
            model_name='disposaltransfer',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('received_on', None), ('recorded_at', None), ('recorded_by', None), ('sealed_confirmed_by', None)), models.Q(('received_on__isnull', False), ('recorded_at__isnull', False), ('recorded_by__isnull', False), ('sealed_confirmed_by__isnull', False)), _connector='OR'), name='a_receipt_is_whole'),
        ),
        migrations.AddConstraint(
            model_name='disposaltransfer',
            constraint=models.CheckConstraint(condition=models.Q(('recorded_by', models.F('handed_by')), _negated=True), name='another_records_the_receipt'),
        ),
        migrations.AddConstraint(
            model_name='disposaltransferline',
            constraint=models.UniqueConstraint(fields=('transfer', 'record'), name='record_once_an_archive'),
        ),
        migrations.RunPython(append_only_again, append_only_again),
    ]
