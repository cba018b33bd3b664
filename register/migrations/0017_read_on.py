"""What a signer read the document on (15 USC 7001(c)): a file that was written for it, or paper; unknown of earlier acts."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('register', '0016_emergencies'),
    ]

    operations = [
        migrations.AddField(
            model_name='signing',
            name='read_on',
            field=models.CharField(blank=True, default='', max_length=16),
        ),
        migrations.AddConstraint(
            model_name='signing',
            constraint=models.CheckConstraint(condition=models.Q(('read_on__in', ['', 'file', 'paper'])), name='signing_read_on_is_a_word'),
        ),
    ]
