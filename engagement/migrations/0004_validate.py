"""Look through the rows of before, apart from 0003: this way nobody waits for a lock while that goes on."""

from django.contrib.postgres.operations import ValidateConstraint
from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("engagement", "0003_delivery")]

    operations = [
        ValidateConstraint(model_name="notificationpreference", name="preference_digest"),
        ValidateConstraint(model_name="notificationrule", name="rule_digest"),
        ValidateConstraint(model_name="notificationsettings", name="settings_digest_hour"),
        ValidateConstraint(model_name="suppression", name="suppression_cause"),
    ]
