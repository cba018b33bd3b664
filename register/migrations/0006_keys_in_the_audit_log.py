"""A changed master key and a renewed authority are words of the audit log."""

from django.db import migrations, models

from register.models.audit import append_only_again


class Migration(migrations.Migration):

    dependencies = [
        ('register', '0005_forms'),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name='auditentry',
            name='auditentry_verb_is_a_word',
        ),
        migrations.AddConstraint(
            model_name='auditentry',
            constraint=models.CheckConstraint(condition=models.Q(('verb__in', ['agency_established', 'agency_classified', 'agency_logo_set', 'agency_notice_in_effect', 'master_key_changed', 'authority_renewed', 'staff_added', 'staff_reset', 'staff_retired', 'staff_locked_out', 'staff_authenticated', 'organization_added', 'organization_retired', 'client_added', 'client_renamed', 'client_searched', 'identity_seen', 'draft_seen', 'packet_opened', 'packet_claimed', 'packet_issued', 'packet_failed', 'packet_asked_again', 'packet_withdrawn', 'packet_returned', 'statement_moved', 'working_replaced', 'signed', 'sealing_requested', 'sealing_claimed', 'sealing_failed', 'sealing_returned', 'record_kept', 'record_upgraded', 'record_extended', 'object_gone', 'disclosed', 'copy_given', 'form_proposed', 'form_published', 'form_withdrawn', 'form_approved'])), name='auditentry_verb_is_a_word'),
        ),
        migrations.RunPython(append_only_again, append_only_again),
    ]
