"""What 42 CFR 2.51(c) wants documented of a disclosure in a medical emergency, sealed, beside its row of the ledger."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('register', '0015_disposal_in_turn'),
    ]

    operations = [
        migrations.AddField(
            model_name='disclosure',
            name='sealed_emergency',
            field=models.BinaryField(null=True),
        ),
        migrations.AddConstraint(
            model_name='disclosure',
            constraint=models.CheckConstraint(condition=models.Q(('sealed_emergency', None), ('basis', 'medical_emergency'), _connector='OR'), name='an_emergency_is_documented_as_one'),
        ),
    ]
