"""The pages of the admin, and rows to show in them."""

from typing import Any

from django.db import models
from django.test import Client
from django.urls import reverse

from capabilities.people.models import Person
from engagement.fanout import fan_out
from engagement.models import (
    AppNotification,
    AppNotificationTemplate,
    EmailNotification,
    Mute,
    NotifiableEvent,
    NotificationBatch,
    NotificationPreference,
    NotificationRule,
    NotificationSettings,
    NotificationTemplate,
    Retraction,
    Suppression,
)
from tests.engagement.mails import mail_to
from tests.engagement.samples import planned, published
from tests.probe.events import Told

ABOUT_PEOPLE = [NotifiableEvent, NotificationBatch, AppNotification]
READ_ONLY = [*ABOUT_PEOPLE, EmailNotification, Retraction, NotificationTemplate.history.model]
EDITABLE = [
    NotificationPreference,
    NotificationTemplate,
    NotificationRule,
    NotificationSettings,
    Mute,
    Suppression,
]
FILLED = [*READ_ONLY, *EDITABLE]


#: What a wording is for, as an address has it.
CHOSEN = {"event_type": "test.told", "channel": "app", "language": "en"}


def place(model: type[models.Model], page: str, *args: Any) -> str:
    """Return the address of a page: changelist, add, change, history, delete."""
    return reverse(f"admin:engagement_{model._meta.model_name}_{page}", args=args)


def fill(people: list[int]) -> None:
    """Give every page something to show: one row for each of these people at least."""
    fan_out(published(Told(people=people)))
    for number, pk in enumerate(people):
        NotificationPreference.objects.create(person_id=pk, category="product", type="none")
        NotificationSettings.objects.create(person_id=pk, language="de")
        Mute.objects.create(person_id=pk, about="kite:1", label="Kite")
        Suppression.objects.create(channel="email", endpoint=f"{number}@kites.example", reason="bounced")
        Retraction.objects.create(about=f"kite:{number}", last_event=1, delete_at="2030-01-01T00:00Z")
        NotificationRule.objects.create(category=f"c{number}", channels=[], mandatory=["app"])
        AppNotificationTemplate.objects.create(
            event_type="test.told", title_template="{{ name }}", language=f"x{number}"
        )
        planned(published(Told(people=[])), people[:1])
    for person in Person.objects.filter(pk__in=people):
        mail_to(person)


def empty() -> None:
    """Delete what there can be only one of for each, so that it can be filled in again."""
    for model in (*EDITABLE, Retraction):
        model._default_manager.all().delete()


def wording(**fields: Any) -> dict[str, Any]:
    """Return the fields of a wording as its form sends them; it says all that the file's does."""
    return {
        "event_type": "test.told",
        "channel": "app",
        "language": "en",
        "title_template": "{{ name }}!",
        "message_template": "{{ url }} {{ site }} {{ reason }}",
        "is_active": "on",
        "_save": "Save",
    } | fields


def row(**fields: Any) -> NotificationTemplate:
    """Return a saved wording of test.told."""
    return AppNotificationTemplate.objects.create(
        **{"event_type": "test.told", "title_template": "{{ name }}"} | fields
    )


def add(client: Client, **fields: Any) -> Any:
    """Send the form of a new wording."""
    return client.post(place(NotificationTemplate, "add"), wording(**fields))


def change(client: Client, saved: NotificationTemplate, **fields: Any) -> Any:
    """Send the form of a saved wording."""
    return client.post(place(NotificationTemplate, "change", saved.pk), wording(**fields))


def look(client: Client, **chosen: str) -> Any:
    """Open the form of a new wording for what an address says."""
    return client.get(place(NotificationTemplate, "add"), chosen)
