"""A family for the form of 42 CFR 2.35 that a HIPAA covered entity may use once counsel has published one."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('register', '0017_read_on'),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name='statement',
            name='statement_family_is_a_word',
        ),
        migrations.AddConstraint(
            model_name='statement',
            constraint=models.CheckConstraint(condition=models.Q(('family__in', ['specific', 'criminal_justice', 'criminal_justice_covered', 'acknowledgment', 'tpo', 'legal_proceeding', 'payer', 'consultation', 'counseling_notes', 'hiv', 'group_agreement', 'revocation', 'electronic_records', 'records_transfer', 'accompanying_notice', 'patient_notice'])), name='statement_family_is_a_word'),
        ),
    ]
