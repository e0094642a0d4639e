"""The archive of an inbox is listed by an index of its own, made while others write."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("engagement", "0008_endpoints_for_operators")]

    operations = [
        AddIndexConcurrently(
            model_name="appnotification",
            index=models.Index(
                fields=["person", "-id"],
                name="appnotification_archived",
                condition=models.Q(archived_at__isnull=False),
            ),
        ),
    ]
