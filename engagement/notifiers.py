"""People are told of their own endpoints."""

from datetime import datetime
from typing import Any, ClassVar

from django.contrib.auth import get_user_model
from django.db.models import QuerySet
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from engagement.decide import Importance
from engagement.events import CODE_GOOD_FOR, EndpointCodeAsked, EndpointRetired, EndpointTested
from engagement.registry import Notifier


class _OwnerNotifier(Notifier[Any]):
    """Tells the owner of the endpoint, who cannot choose not to know."""

    abstract = True
    channels: ClassVar[tuple[str, ...]] = ()
    importance = Importance.HIGH
    is_offered = False
    notify_actor = True

    def audience(self, event: Any) -> QuerySet[Any]:
        """Return its owner."""
        return get_user_model()._default_manager.filter(pk=event.person_id)

    def url(self, event: Any) -> str:
        """Return where they see all their endpoints."""
        return reverse("engagement:endpoints")


class EndpointCodeAskedNotifier(_OwnerNotifier):
    """Sends the code."""

    event = EndpointCodeAsked
    to_endpoint = "endpoint_id"
    reason = _("you entered this number")
    example = EndpointCodeAsked(endpoint_id=1, person_id="1", code="123456")

    def url(self, event: EndpointCodeAsked) -> str:
        """Return nothing: it costs room in a text message, and leads to where they are."""
        return ""

    def not_after(self, event: EndpointCodeAsked) -> datetime:
        """Return until when the code is good."""
        return event.envelope.occurred_at + CODE_GOOD_FOR


class EndpointTestedNotifier(_OwnerNotifier):
    """Sends a test."""

    event = EndpointTested
    to_endpoint = "endpoint_id"
    reason = _("you asked for a test")
    example = EndpointTested(endpoint_id=1, person_id="1")


class EndpointRetiredNotifier(_OwnerNotifier):
    """Says on other channels that one is used no longer."""

    event = EndpointRetired
    channels = ("app", "email")
    mandatory = ("app",)
    reason = _("it is yours")
    example = EndpointRetired(
        endpoint_id=1, person_id="1", channel="Webhook", endpoint="https://example.org/hook"
    )
