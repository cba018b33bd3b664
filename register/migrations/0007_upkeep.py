"""Every record knows when it was last read; what becomes of backups are words of the audit log."""

from django.db import migrations, models
from django.db.models import F

from register.models.audit import append_only_again


def as_kept(apps, schema_editor):
    apps.get_model("register", "Record").objects.update(looked_at=F("kept_at"), proved_at=F("kept_at"))


class Migration(migrations.Migration):

    dependencies = [
        ('register', '0006_keys_in_the_audit_log'),
    ]

    operations = [
        migrations.AddField(model_name='record', name='looked_at', field=models.DateTimeField(null=True)),
        migrations.AddField(model_name='record', name='proved_at', field=models.DateTimeField(null=True)),
        migrations.RunPython(as_kept, migrations.RunPython.noop),
        migrations.AlterField(model_name='record', name='looked_at', field=models.DateTimeField()),
        migrations.AlterField(model_name='record', name='proved_at', field=models.DateTimeField()),
        migrations.AddIndex(
            model_name='record',
            index=models.Index(fields=['looked_at'], name='records_by_look'),
        ),
        migrations.RemoveConstraint(
            model_name='disclosure',
            name='disclosure_basis_is_a_word',
        ),
        migrations.AddConstraint(
            model_name='disclosure',
            constraint=models.CheckConstraint(condition=models.Q(('basis__in', ['own_copy', 'consent', 'emergency', 'court_order', 'closure'])), name='disclosure_basis_is_a_word'),
        ),
        migrations.RemoveConstraint(
            model_name='auditentry',
            name='auditentry_verb_is_a_word',
        ),
        migrations.AddConstraint(
            model_name='auditentry',
            constraint=models.CheckConstraint(condition=models.Q(('verb__in', ['agency_established', 'agency_classified', 'agency_logo_set', 'agency_notice_in_effect', 'master_key_changed', 'authority_renewed', 'staff_added', 'staff_reset', 'staff_retired', 'staff_locked_out', 'staff_authenticated', 'organization_added', 'organization_retired', 'client_added', 'client_renamed', 'client_searched', 'identity_seen', 'draft_seen', 'packet_opened', 'packet_claimed', 'packet_issued', 'packet_failed', 'packet_asked_again', 'packet_withdrawn', 'packet_returned', 'statement_moved', 'working_replaced', 'signed', 'sealing_requested', 'sealing_claimed', 'sealing_failed', 'sealing_returned', 'record_kept', 'record_upgraded', 'record_extended', 'object_gone', 'disclosed', 'copy_given', 'form_proposed', 'form_published', 'form_withdrawn', 'form_approved', 'epoch_ended', 'standby_forgotten', 'backed_up', 'restored', 'closure_exported'])), name='auditentry_verb_is_a_word'),
        ),
        migrations.RunPython(append_only_again, append_only_again),
    ]
