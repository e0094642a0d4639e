"""The people of the demo on a Monday morning, for pictures: the same rows at the same times whenever it is made."""

from collections.abc import Iterator
from contextlib import contextmanager
from io import StringIO

from django.core.management import call_command
from freezegun import freeze_time

from capabilities.people.models import Organisation, Person
from capabilities.product_management.models import Product
from capabilities.product_management.services import ProductManagementService
from engagement.links import unsubscribe_token
from engagement.models import AppNotification
from events.bus import EventLog
from events.testing import work_off
from tests.belongings import Belongings, deliver_mail, endpoint_of
from tests.engagement.mails import digest_of, mail_to

NOW = "2026-03-02T09:41:00Z"


class Demo(Belongings):
    """What Bob finds in the morning: everything is his, but the products."""

    def __init__(self) -> None:
        call_command("load_demo", stdout=StringIO())
        self.person = Person.objects.get(username="bob")
        self._publish()
        with freeze_time(NOW):
            self._add_the_rest()

    def _publish(self) -> None:
        service, works = ProductManagementService, Organisation.objects.get()
        people = {name: Person.objects.get(username=name) for name in ("alice", "bob", "carol")}
        with _at("2026-03-01T16:05:00Z"):
            parafoil = service.create_product({"name": "Parafoil 40"}, people["bob"], works)
        AppNotification.objects.update(read_at="2026-03-01T16:06:00Z")
        with _at("2026-03-02T08:12:00Z"):
            service.create_product({"name": "Storm kite"}, people["alice"], works)
        with _at("2026-03-02T09:03:00Z"):
            changed = {"description": "Flies from 6 to 30 knots", "website": "https://kites.example/40"}
            service.update_product(parafoil, changed, people["alice"])
        with _at("2026-03-02T09:38:00Z"):
            self.product: Product = service.create_product({"name": "Line winder"}, people["carol"], works)

    def _add_the_rest(self) -> None:
        self.notification = AppNotification.objects.of(self.person).latest("pk")
        self.event = EventLog.objects.latest("pk")
        self.digest = digest_of(self.person, mail_to(self.person, title="Storm kite flies"))
        self.hook = endpoint_of(self.person, "webhook", "https://example.org/hook", label="My shop")
        self.number = endpoint_of(self.person, "sms", "+9779812345678", verified_at=None)
        self.device = endpoint_of(self.person, "push", "x" * 40, label="Telephone")
        self.token = unsubscribe_token(self.person.pk, ["product"])
        self.mail = deliver_mail(self.person)


@contextmanager
def _at(moment: str) -> Iterator[None]:
    """Let it be then, until everything is done that comes of it."""
    with freeze_time(moment):
        yield
        work_off()
