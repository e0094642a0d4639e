"""The baseline: the same rows by bulk_create, with wording by str.format, in one process and one transaction."""

import time
import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from django.contrib.auth import get_user_model
from django.db import transaction
from django.utils import timezone

from bench.m2_fan_out.limit import log_event
from capabilities.people.models import Person
from engagement.models import AppNotification, Delivery, NotifiableEvent, NotificationSettings
from events.bus import Priority

RETENTION = timedelta(hours=72)
OUTCOMES = {"app": "created: default", "email": "planned: default"}
#: By channel and language: title and message, as in notifications/bench.addressed.toml.
TEXTS = {
    ("app", "en"): (
        "{person}, {name} has been announced",
        "Dear {person}, have a look at {name}: there is something in it.",
    ),
    ("app", "de"): (
        "{person}, {name} ist da",
        "{person}, werfen Sie einen Blick auf {name}: da ist etwas für Sie dabei.",
    ),
    ("email", "en"): (
        "{person}: {name} has been announced",
        "Dear {person},\n\nhave a look at {name}: there is something in it for you, and for others. More is to come.",
    ),
    ("email", "de"): (
        "{person}: {name} ist da",
        "{person},\n\nwerfen Sie einen Blick auf {name}: da ist etwas für Sie und andere dabei. Mehr folgt in Kürze.",
    ),
}
#: Of 500, 1,000, 2,000 and 5,000 no worse than any.
BATCH_SIZE = 1_000


def fan_out(people: int) -> float:
    """Write the rows of so many people; return the seconds it took, with the COMMIT."""
    started = time.perf_counter()
    with transaction.atomic():
        log = log_event(people)
        told = {person.pk: person for person in _people(people)}
        languages = dict(
            NotificationSettings.objects.filter(person__lte=people).values_list("person", "language")
        )
        delete_at = timezone.now() + RETENTION
        concerned = _concerned(log, told, delete_at)
        AppNotification.objects.bulk_create(
            (_shown(each, told, languages) for each in concerned), batch_size=BATCH_SIZE
        )
        Delivery.objects.bulk_create(
            (_planned(each, told, languages) for each in concerned), batch_size=BATCH_SIZE
        )
    return time.perf_counter() - started


def _people(count: int) -> Sequence[Person]:
    return get_user_model().objects.filter(pk__lte=count).only("pk", "username", "email")


def _concerned(log: int, pks: Mapping[int, object], delete_at: datetime) -> list[NotifiableEvent]:
    return NotifiableEvent.objects.bulk_create(
        (
            NotifiableEvent(
                event_log_id=log,
                person_id=pk,
                event_type="bench.addressed",
                notifier="app.AddressedNotifier",
                outcomes=OUTCOMES,
                delete_at=delete_at,
            )
            for pk in pks
        ),
        batch_size=BATCH_SIZE,
    )


def _shown(
    each: NotifiableEvent, people: Mapping[int, Person], languages: Mapping[int, str]
) -> AppNotification:
    title, message = _texts("app", people[each.person_id], languages.get(each.person_id, "en"))
    return AppNotification(
        event=each,
        person_id=each.person_id,
        event_type="bench.addressed",
        category="community",
        title=title,
        message=message,
        url="/seasons/1/",
        reason="you are a member",
        delete_at=each.delete_at,
    )


def _planned(each: NotifiableEvent, people: Mapping[int, Person], languages: Mapping[int, str]) -> Delivery:
    person, language = people[each.person_id], languages.get(each.person_id, "en")
    title, message = _texts("email", person, language)
    return Delivery(
        notifiable=each,
        event_id=each.event_log_id,
        person_id=person.pk,
        channel="email",
        endpoint=person.email,
        message_id=f"<{uuid.uuid4().hex}@carillon.example>",
        notifier="app.AddressedNotifier",
        event_type="bench.addressed",
        category="community",
        title=title,
        message=message,
        reason="you are a member",
        url="/seasons/1/",
        language=language,
        # Of many messages; those to a few people go first.
        priority=Priority.BULK,
        available_at=each.created_at,
        delete_at=each.delete_at,
    )


def _texts(channel: str, person: Person, language: str) -> tuple[str, str]:
    title, message = TEXTS[channel, language]
    values = {"person": person.username, "name": "The new season"}
    return title.format(**values), message.format(**values)
