"""The ledger says how and what; counsel lets a successor stand in; an approval may be withdrawn.

No verb wrote a row of the ledger before this, so the values given to older rows meet none.
"""

import django.db.models.deletion
import django.utils.timezone
import uuid
from django.db import migrations, models

from register.models.audit import append_only_again


class Migration(migrations.Migration):

    dependencies = [
        ('register', '0008_retention'),
    ]

    operations = [
        migrations.CreateModel(
            name='CarryOver',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('sealed_reason', models.BinaryField()),
                ('decided_at', models.DateTimeField()),
            ],
        ),
        migrations.RemoveConstraint(
            model_name='auditentry',
            name='auditentry_verb_is_a_word',
        ),
        migrations.RemoveConstraint(
            model_name='disclosure',
            name='disclosure_basis_is_a_word',
        ),
        migrations.RemoveConstraint(
            model_name='formapproval',
            name='one_approval_a_text',
        ),
        migrations.AddField(
            model_name='disclosure',
            name='items',
            field=models.PositiveSmallIntegerField(default=1),
        ),
        migrations.AddField(
            model_name='disclosure',
            name='method',
            field=models.CharField(default='paper', max_length=16),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name='disclosure',
            name='sealed_description',
            field=models.BinaryField(null=True),
        ),
        migrations.AddField(
            model_name='disclosure',
            name='written_at',
            field=models.DateTimeField(default=django.utils.timezone.now),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name='formapproval',
            name='sealed_withdrawal',
            field=models.BinaryField(null=True),
        ),
        migrations.AddField(
            model_name='formapproval',
            name='withdrawn_at',
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name='formapproval',
            name='withdrawn_by',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='approvals_withdrawn', to='register.staff'),
        ),
        migrations.AddConstraint(
            model_name='auditentry',
            constraint=models.CheckConstraint(condition=models.Q(('verb__in', ['agency_established', 'agency_classified', 'agency_logo_set', 'agency_notice_in_effect', 'master_key_changed', 'authority_renewed', 'staff_added', 'staff_reset', 'staff_retired', 'staff_locked_out', 'staff_authenticated', 'organization_added', 'organization_retired', 'organization_carried_over', 'client_added', 'client_renamed', 'client_searched', 'identity_seen', 'draft_seen', 'reasons_seen', 'ledger_seen', 'packet_opened', 'packet_claimed', 'packet_issued', 'packet_failed', 'packet_asked_again', 'packet_withdrawn', 'packet_returned', 'statement_moved', 'working_replaced', 'signed', 'sealing_requested', 'sealing_claimed', 'sealing_failed', 'sealing_returned', 'record_kept', 'record_upgraded', 'record_extended', 'object_gone', 'disclosed', 'copy_given', 'form_proposed', 'form_published', 'form_withdrawn', 'form_approved', 'form_approval_withdrawn', 'epoch_ended', 'standby_forgotten', 'backed_up', 'restored', 'closure_exported', 'matter_added', 'event_recorded', 'event_undone', 'hold_placed', 'hold_released', 'hold_captured', 'hold_mirrored', 'hold_seen', 'schedule_proposed', 'schedule_adopted', 'schedule_withdrawn', 'shortening_approved'])), name='auditentry_verb_is_a_word'),
        ),
        migrations.AddConstraint(
            model_name='disclosure',
            constraint=models.CheckConstraint(condition=models.Q(('basis__in', ['consent', 'medical_emergency', 'imminent_threat', 'child_abuse_report', 'court_order', 'closure'])), name='disclosure_basis_is_a_word'),
        ),
        migrations.AddConstraint(
            model_name='disclosure',
            constraint=models.CheckConstraint(condition=models.Q(('method__in', ['paper', 'file', 'mail', 'fax', 'spoken'])), name='disclosure_method_is_a_word'),
        ),
        migrations.AddConstraint(
            model_name='formapproval',
            constraint=models.UniqueConstraint(condition=models.Q(('withdrawn_at', None)), fields=('form_id', 'version', 'language', 'document_sha256'), name='one_approval_a_text'),
        ),
        migrations.AddField(
            model_name='carryover',
            name='decided_by',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to='register.staff'),
        ),
        migrations.AddField(
            model_name='carryover',
            name='organization',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='carried_over', to='register.organization'),
        ),
        migrations.AddField(
            model_name='carryover',
            name='successor',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='carries_over', to='register.organization'),
        ),
        migrations.AddConstraint(
            model_name='carryover',
            constraint=models.UniqueConstraint(fields=('organization', 'successor'), name='one_carry_over_a_pair'),
        ),
        migrations.RunPython(append_only_again, append_only_again),
    ]
