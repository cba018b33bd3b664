"""A program's director is a capacity to sign in: for payment alone (42 CFR 2.15(a)(2))."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('register', '0010_disposal'),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name='signing',
            name='signing_capacity_is_a_word',
        ),
        migrations.AddConstraint(
            model_name='signing',
            constraint=models.CheckConstraint(condition=models.Q(('capacity__in', ['client', 'parent', 'guardian', 'personal_representative', 'program_director'])), name='signing_capacity_is_a_word'),
        ),
    ]
