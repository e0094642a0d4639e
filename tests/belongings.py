"""What somebody has: something for each page that shows something of somebody.

Who adds a route with a parameter adds to ARGUMENTS what it is filled in with; the tests that walk all routes say so.
"""

from collections.abc import Callable
from typing import Any

import pytest
from django.conf import settings
from django.contrib.admin import site
from django.contrib.auth.models import Group
from django.core.mail import EmailMultiAlternatives, get_connection
from django.utils import timezone
from django_q.models import Failure, OrmQ, Schedule, Success
from django_q.signing import SignedPackage

from capabilities.people.models import Organisation, Person
from capabilities.product_management.models import Product
from capabilities.product_management.services import ProductManagementService
from engagement.links import unsubscribe_token
from engagement.models import BY_CHANNEL, Delivery, Endpoint, Mute
from events.bus import EventLog
from project.mailbox import box
from tests.engagement.admin.pages import fill
from tests.engagement.mails import digest_of, mail_to
from tests.engagement.samples import notified, published
from tests.probe.events import Told
from tests.routes import Route

MAIL = "<!doctype html><title>Kite</title><p style='color: #333'>Kite flies</p>"


class Belongings:
    """One thing of each kind at least."""

    def __init__(self, person: Person) -> None:
        self.person = person
        self.notification = notified(person, about="product_management.product:1", url="/products/")
        self.digest: Delivery = digest_of(person, mail_to(person, title="Kite flies"))
        self.hook = endpoint_of(person, "webhook", f"https://{person.username}.example/hook")
        self.number = endpoint_of(person, "sms", f"+97798{person.pk:08}", verified_at=None)
        self.device = endpoint_of(person, "push", f"{person.username}-" + "x" * 40)
        self.event = EventLog.objects.get(pk=published(Told(people=[person.pk])).envelope.id)
        self.product: Product = ProductManagementService.create_product({"name": "Kite"}, person)
        self.token = unsubscribe_token(person.pk, ["product"])
        Mute.objects.create(person=person, about="kite:7", label="Kite")
        self.mail = deliver_mail(person) if settings.MAILBOX else ""


def endpoint_of(person: Person, channel: str, value: str, **fields: Any) -> Endpoint:
    """Return a device, a number or an address of theirs; one that is in use unless the fields say otherwise."""
    known = {"verified_at": timezone.now()} | fields
    return Endpoint.objects.create(person=person, channel=channel, value=value, **known)


def deliver_mail(person: Person) -> str:
    """Put a mail into the mailbox of the demo; return its key."""
    backend = get_connection("project.mailbox.EmailBackend")
    mail = EmailMultiAlternatives("Kite flies", "It does.", "x@y.example", [person.email], connection=backend)
    mail.attach_alternative(MAIL, "text/html")
    mail.send()
    return box.mails()[0].key


#: What fills in the parameters of a route that is not of the admin.
ARGUMENTS: dict[str, Callable[[Belongings], Any]] = {
    "engagement:open": lambda own: own.notification.pk,
    "engagement:read": lambda own: own.notification.pk,
    "engagement:unread": lambda own: own.notification.pk,
    "engagement:archive": lambda own: own.notification.pk,
    "engagement:unarchive": lambda own: own.notification.pk,
    "engagement:api-notification": lambda own: own.notification.pk,
    "engagement:chosen": lambda own: "read",
    "engagement:why": lambda own: own.notification.pk,
    "engagement:mute": lambda own: own.notification.pk,
    "engagement:event": lambda own: own.event.event_id,
    "engagement:outcome": lambda own: own.notification.event_id,
    "engagement:digest": lambda own: own.digest.pk,
    "engagement:endpoint-verify": lambda own: own.number.pk,
    "engagement:endpoint-code": lambda own: own.number.pk,
    "engagement:endpoint-remove": lambda own: own.hook.pk,
    "engagement:endpoint-secret": lambda own: own.hook.pk,
    "engagement:endpoint-test": lambda own: own.hook.pk,
    "engagement:endpoint-rename": lambda own: own.hook.pk,
    "engagement:device": lambda own: own.device.pk,
    "engagement:unsubscribe": lambda own: own.token,
    "products:detail": lambda own: own.product.pk,
    "products:edit": lambda own: own.product.pk,
    "mailbox:show": lambda own: own.mail,
    "mailbox:html": lambda own: own.mail,
    "mailbox:source": lambda own: own.mail,
}


def address(route: Route, own: Belongings) -> str:
    """Return the address of a page of theirs; fail for a route that nobody has said anything of."""
    if route.is_of_admin:
        return route.address(*_in_admin(route))
    if not route.parameters:
        return route.address()
    if route.name not in ARGUMENTS:
        pytest.fail(
            f"Add what {route} ({route.pattern}) is filled in with to ARGUMENTS in tests/belongings.py."
        )
    return route.address(ARGUMENTS[route.name](own))


#: What fills in the parameters of a route of the admin, unless it is the page of a row.
IN_ADMIN = {"channel": "email", "app_label": "engagement", "content_type_id": 1}


def _in_admin(route: Route) -> list[Any]:
    return [IN_ADMIN[name] if name in IN_ADMIN else _row(route).pk for name in route.parameters]


def _row(route: Route) -> Any:
    model = _model(route)
    row = model._default_manager.first()
    if row is None:
        pytest.fail(
            f"{route} has nothing to show: let stock_admin() in tests/belongings.py make a {model.__name__}."
        )
    return row


def _model(route: Route) -> Any:
    """Return the model of which it shows a row."""
    name = route.name.removeprefix("admin:")
    for model in site._registry:
        if name.startswith(f"{model._meta.app_label}_{model._meta.model_name}_"):
            return model
    if name in {"auth_user_password_change", "view_on_site"}:
        return Person
    return pytest.fail(f"Add what {route} ({route.pattern}) is filled in with to tests/belongings.py.")


def stock_admin(person: Person) -> None:
    """Let there be a row of everything that the admin shows."""
    fill([person.pk])
    for channel in BY_CHANNEL:
        mail_to(person, channel=channel, endpoint="x")
    Group.objects.create(name="Authors")
    Organisation.objects.create(name="Kite Works")
    OrmQ.objects.create(key="events", payload=SignedPackage.dumps({"name": "x", "func": "math.floor"}))
    Schedule.objects.get_or_create(name="x", func="math.floor")
    moment = {"started": timezone.now(), "stopped": timezone.now()}
    Success.objects.create(id="1", name="x", func="math.floor", success=True, **moment)
    Failure.objects.create(id="2", name="y", func="math.floor", success=False, **moment)
