"""Mails, as rows."""

from itertools import count
from typing import Any

from django.utils import timezone

from capabilities.people.models import Person
from engagement.models import Delivery, NotifiableEvent
from engagement.models.delivery_states import TERMINAL, DeliveryState

_number = count(1)


def mail_to(person: Person, **fields: Any) -> Delivery:
    """Return a mail about test.told to a person; it has been sent unless its state says otherwise."""
    state = fields.get("state", DeliveryState.SUCCEEDED)
    moment = timezone.now()
    known = {
        "person": person,
        "channel": "email",
        "state": state,
        "endpoint": person.email,
        "message_id": f"<msg_{next(_number)}@carillon.example>",
        "title": "Kite was told",
        "finished_at": moment if state in TERMINAL else None,
        "sent_at": moment if state == DeliveryState.SUCCEEDED else None,
    }
    about = {} if fields.get("is_digest") else _of_an_event(person, fields)
    return Delivery.objects.create(**known | about | fields)


def digest_of(person: Person, *items: Delivery, **fields: Any) -> Delivery:
    """Return a digest of these mails, which were gathered into it."""
    moment = timezone.now()
    made = mail_to(person, **{"is_digest": True, "gathered_at": moment, "title": ""} | fields)
    gathered = {"digest": made, "state": DeliveryState.SUCCEEDED, "finished_at": moment, "sent_at": None}
    Delivery.objects.filter(pk__in=[item.pk for item in items]).update(**gathered)
    return made


def _of_an_event(person: Person, fields: dict[str, Any]) -> dict[str, Any]:
    event_type = fields.get("event_type", "test.told")
    if "notifiable" in fields:
        return {"event_type": event_type, "category": "test"}
    wait = fields.get("wait", "")
    outcome = f"planned: default, {wait}" if wait else "planned: default"
    concerned = NotifiableEvent.objects.create(
        person=person, event_type=event_type, outcomes={"app": "created: default", "email": outcome}
    )
    return {"notifiable": concerned, "event_type": event_type, "category": "test"}
