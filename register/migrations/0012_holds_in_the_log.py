"""Holds are written into the store's log; one that came back from there waits for its words."""

import django.db.models.deletion
from django.db import migrations, models

from register.models.audit import append_only_again


class Migration(migrations.Migration):

    dependencies = [
        ('register', '0011_who_signs'),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name='auditentry',
            name='auditentry_verb_is_a_word',
        ),
        migrations.AddField(
            model_name='hold',
            name='incomplete',
            field=models.BooleanField(default=False),
        ),
        migrations.AddField(
            model_name='hold',
            name='logged',
            field=models.BooleanField(default=False),
        ),
        migrations.AddField(
            model_name='hold',
            name='release_logged',
            field=models.BooleanField(default=False),
        ),
        migrations.AddField(
            model_name='hold',
            name='released_since',
            field=models.BooleanField(default=False),
        ),
        migrations.AddField(
            model_name='holdrow',
            name='logged',
            field=models.BooleanField(default=False),
        ),
        migrations.AlterField(
            model_name='hold',
            name='placed_by',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='holds_placed', to='register.staff'),
        ),
        migrations.AddIndex(
            model_name='hold',
            index=models.Index(condition=models.Q(('logged', False)), fields=['id'], name='holds_unlogged'),
        ),
        migrations.AddIndex(
            model_name='holdrow',
            index=models.Index(condition=models.Q(('logged', False)), fields=['hold'], name='hold_rows_unlogged'),
        ),
        migrations.AddConstraint(
            model_name='auditentry',
            constraint=models.CheckConstraint(condition=models.Q(('verb__in', ['agency_established', 'agency_classified', 'agency_logo_set', 'agency_notice_in_effect', 'master_key_changed', 'authority_renewed', 'staff_added', 'staff_reset', 'staff_retired', 'staff_locked_out', 'staff_authenticated', 'organization_added', 'organization_retired', 'organization_carried_over', 'client_added', 'client_renamed', 'client_searched', 'identity_seen', 'draft_seen', 'reasons_seen', 'ledger_seen', 'packet_opened', 'packet_claimed', 'packet_issued', 'packet_failed', 'packet_asked_again', 'packet_withdrawn', 'packet_returned', 'statement_moved', 'working_replaced', 'signed', 'sealing_requested', 'sealing_claimed', 'sealing_failed', 'sealing_returned', 'record_kept', 'record_upgraded', 'record_extended', 'object_gone', 'disclosed', 'copy_given', 'form_proposed', 'form_published', 'form_withdrawn', 'form_approved', 'form_approval_withdrawn', 'epoch_ended', 'standby_forgotten', 'backed_up', 'restored', 'closure_exported', 'disposal_proposed', 'disposal_answered', 'disposal_excluded', 'disposal_approved', 'disposal_withdrawn', 'disposal_lapsed', 'disposal_begun', 'disposal_executed', 'disposal_certified', 'record_erased', 'record_destroyed', 'client_erased', 'matter_added', 'event_recorded', 'event_undone', 'hold_placed', 'hold_released', 'hold_captured', 'hold_mirrored', 'hold_seen', 'hold_restored', 'hold_completed', 'schedule_proposed', 'schedule_adopted', 'schedule_withdrawn', 'shortening_approved'])), name='auditentry_verb_is_a_word'),
        ),
        migrations.RunPython(append_only_again, append_only_again),
    ]
