"""django-notifications-hq, in an environment of its own with Django 4.2: notify.send() to the same people.

A program: it is given the database and two numbers, and prints the seconds. It imports nothing of the project.
"""

import json
import sys
import time

import django
from django.conf import settings
from psycopg.conninfo import conninfo_to_dict


def configure(dsn: str) -> None:
    """Set Django up: connections persist, and the app has its defaults."""
    given = conninfo_to_dict(dsn)
    names = {"NAME": "dbname", "HOST": "host", "PORT": "port", "USER": "user", "PASSWORD": "password"}
    settings.configure(
        DATABASES={
            "default": {"ENGINE": "django.db.backends.postgresql", "CONN_MAX_AGE": 600}
            | {name: given.get(key, "") for name, key in names.items()}
        },
        INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.auth", "notifications"],
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
        USE_TZ=True,
        DEBUG=False,
    )
    django.setup()


def fan_out(people: int) -> float:
    """Tell the first so many users in one transaction, which is quicker than one for each; return the seconds."""
    from django.contrib.auth.models import User
    from django.db import transaction
    from notifications.models import Notification
    from notifications.signals import notify

    actor, audience = User.objects.get(pk=1), User.objects.filter(pk__lte=people)
    started = time.perf_counter()
    with transaction.atomic():
        notify.send(
            actor,
            recipient=audience,
            verb="has announced",
            description="Have a look at the new season: there is something in it for every member.",
        )
    seconds = time.perf_counter() - started
    assert Notification.objects.count() == people
    return seconds


def main() -> None:
    """Make what is missing, warm up, measure."""
    from django.contrib.auth.models import User
    from django.core.management import call_command
    from django.db import connection

    people = int(sys.argv[2])
    call_command("migrate", verbosity=0)
    if User.objects.count() < people:
        User.objects.all().delete()
        User.objects.bulk_create(User(pk=n, username=f"person{n}") for n in range(1, people + 1))
    for count in (min(people, 100), people):
        with connection.cursor() as cursor:
            cursor.execute("TRUNCATE notifications_notification RESTART IDENTITY")
            cursor.execute("VACUUM ANALYZE")
            cursor.execute("CHECKPOINT")
        seconds = fan_out(count)
    print(json.dumps(seconds))


if __name__ == "__main__":
    configure(sys.argv[1])
    main()
