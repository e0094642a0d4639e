"""Indexes on tables that may be big, made while others write to them."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("engagement", "0005_endpoints")]

    operations = [
        AddIndexConcurrently(
            model_name='deliveryattempt',
            index=models.Index(fields=['at'], name='attempt_at'),
        ),
        AddIndexConcurrently(
            model_name='delivery',
            index=models.Index(condition=models.Q(('target__isnull', False)), fields=['target', '-id'], name='delivery_target'),
        ),
    ]
