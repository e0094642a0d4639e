"""What a person of the demo can do on the page: the domain's own services, called as that person."""

from datetime import UTC, datetime

from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from capabilities.people.models import Person
from capabilities.people.services import RoleService
from capabilities.product_management.models import Product
from capabilities.product_management.services import ProductManagementService
from engagement import mutes
from engagement.choices import chosen_by
from engagement.decide import Digest
from engagement.preferences import choose_digest
from events.bus import EventLog, reference
from project.tryit import store
from project.tryit.load import CATEGORY
from project.tryit.people import organisation

LISTED = 8


def create(person: Person, name: str) -> str:
    """Create a product of the organisation; return what was done. Raises ValidationError and PermissionDenied."""
    at = datetime.now(UTC)
    made = ProductManagementService.create_product({"name": name}, person, organisation())
    return _note(person, made, at, _("%(person)s created %(name)s.") % {"person": person, "name": made})


def rename(person: Person, product: Product, name: str) -> str:
    """Rename a product; the same."""
    at, before = datetime.now(UTC), product.name
    if name == before:
        raise ValidationError(_("That is its name already: nothing has happened, so nobody is told."))
    made = ProductManagementService.update_product(product, {"name": name}, person)
    done = _("%(person)s renamed %(before)s to %(name)s.")
    return _note(person, made, at, done % {"person": person, "before": before, "name": made})


def describe(person: Person, product: Product) -> str:
    """Change the description of a product; the same."""
    at, text = datetime.now(UTC), _("Described at %s.") % datetime.now(UTC).isoformat(timespec="milliseconds")
    made = ProductManagementService.update_product(product, {"description": text}, person)
    done = _("%(person)s wrote a new description of %(name)s.")
    return _note(person, made, at, done % {"person": person, "name": made})


def switch_mute(person: Person, product: Product) -> str:
    """Mute a product for the person, or let them hear of it again."""
    about, said = reference(product), {"person": person.first_name, "name": product}
    if mutes.unmute(person, about):
        return _("%(person)s hears of %(name)s again.") % said
    mutes.mute(person, about, product.name)
    return _("%(person)s hears nothing more of %(name)s.") % said


def switch_digest(person: Person) -> str:
    """Collect the mails of the person about products once a day, or send them at once."""
    to = Digest.NEVER if is_collecting(person) else Digest.DAILY
    choose_digest(person, CATEGORY, to)
    if to == Digest.DAILY:
        return _("%s gets mails about products once a day now.") % person.first_name
    return _("%s gets mails about products at once now.") % person.first_name


def is_collecting(person: Person) -> bool:
    """Tell whether the mails of the person are collected."""
    return chosen_by(person).digests.get(CATEGORY) == Digest.DAILY


def products(person: Person) -> "QuerySet[Product]":
    """Return what the person can change here, the newest first."""
    found = Product.objects.filter(organisation=organisation()).order_by("-pk")
    return found if RoleService.manages_organisation(person, organisation()) else found.none()


def next_name() -> str:
    """Return a name for the next product."""
    return f"Kite {Product.objects.filter(organisation=organisation()).count() + 1}"


def _note(person: Person, product: Product, at: datetime, said: str) -> str:
    """Remember the last thing that was done, and which event came of it."""
    event = EventLog.objects.filter(about=reference(product)).order_by("-id").first()
    store.keep("action", person.username, "", {"event": event.pk if event else None, "said": said}, at)
    return said
