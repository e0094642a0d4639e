"""What operators ask of endpoints: which were retired lately, and whose is this one."""

from django.contrib.postgres.indexes import HashIndex
from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("engagement", "0007_endpoint_code")]

    operations = [
        migrations.AlterModelOptions(
            name='channelpause',
            options={'verbose_name': 'paused channel', 'verbose_name_plural': 'channels'},
        ),
        AddIndexConcurrently(
            model_name='endpoint',
            index=models.Index(condition=models.Q(('retired_at__isnull', False)), fields=['channel', 'retired_at'], name='endpoint_retired'),
        ),
        AddIndexConcurrently(
            model_name='endpoint',
            index=HashIndex(fields=['value'], name='endpoint_value'),
        ),
    ]
