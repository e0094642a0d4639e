"""The baseline: the same rows by bulk_create, with wording by str.format, in one process and one transaction."""

import time
from datetime import timedelta

from django.contrib.auth import get_user_model
from django.db import transaction
from django.utils import timezone

from bench.m2_fan_out.limit import log_event
from engagement.models import AppNotification, NotifiableEvent, NotificationSettings

RETENTION = timedelta(hours=72)
OUTCOMES = {"app": "created: default", "email": "skipped: default"}
#: By language: title and message, as in notifications/bench.addressed.toml.
TEXTS = {
    "en": (
        "{person}, {name} has been announced",
        "Dear {person}, have a look at {name}: there is something in it.",
    ),
    "de": (
        "{person}, {name} ist da",
        "{person}, werfen Sie einen Blick auf {name}: da ist etwas für Sie dabei.",
    ),
}
#: Of 500, 1,000, 2,000 and 5,000 no worse than any.
BATCH_SIZE = 1_000


def fan_out(people: int) -> float:
    """Write the rows of so many people; return the seconds it took, with the COMMIT."""
    started = time.perf_counter()
    with transaction.atomic():
        log = log_event(people)
        names = dict(get_user_model().objects.filter(pk__lte=people).values_list("pk", "username"))
        languages = dict(
            NotificationSettings.objects.filter(person__lte=people).values_list("person", "language")
        )
        delete_at = timezone.now() + RETENTION
        concerned = NotifiableEvent.objects.bulk_create(
            (
                NotifiableEvent(
                    event_log_id=log,
                    person_id=pk,
                    event_type="bench.addressed",
                    notifier="app.AddressedNotifier",
                    outcomes=OUTCOMES,
                    delete_at=delete_at,
                )
                for pk in names
            ),
            batch_size=BATCH_SIZE,
        )
        AppNotification.objects.bulk_create(
            (_row(each, names, languages, delete_at) for each in concerned), batch_size=BATCH_SIZE
        )
    return time.perf_counter() - started


def _row(
    each: NotifiableEvent, names: dict[int, str], languages: dict[int, str], delete_at: object
) -> AppNotification:
    title, message = TEXTS[languages.get(each.person_id, "en")]
    values = {"person": names[each.person_id], "name": "The new season"}
    return AppNotification(
        event=each,
        person_id=each.person_id,
        event_type="bench.addressed",
        category="community",
        title=title.format(**values),
        message=message.format(**values),
        url="/seasons/1/",
        reason="you are a member",
        delete_at=delete_at,
    )
