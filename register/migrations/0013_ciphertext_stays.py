"""Until when the store locks bytes whose keys a disposal run destroyed."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('register', '0012_holds_in_the_log'),
    ]

    operations = [
        migrations.AddField(
            model_name='disposalitem',
            name='stays_until',
            field=models.DateTimeField(null=True),
        ),
    ]
