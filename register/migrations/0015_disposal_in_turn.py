"""The rows of a disposal run are found in their turn, and by their batch, without looking at the others."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('register', '0014_transfer'),
    ]

    operations = [
        migrations.RemoveIndex(
            model_name='disposalitem',
            name='disposal_items_at_work',
        ),
        migrations.AddIndex(
            model_name='disposalitem',
            index=models.Index(fields=['run', 'object_key'], name='disposal_items_in_turn'),
        ),
        migrations.AddIndex(
            model_name='disposalitem',
            index=models.Index(fields=['run', 'batch', 'object_key'], name='disposal_items_of_batch'),
        ),
    ]
