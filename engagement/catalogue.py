"""What people can choose for: every event type that a notifier tells of, or that has a wording for `notify`."""

from collections.abc import Iterator
from dataclasses import dataclass

from django.utils.functional import Promise

from engagement import wording
from engagement.decide import Policy
from engagement.models import NotificationTemplate
from engagement.notice import category_of, policy_of
from engagement.registry import notifiers
from engagement.rules import RuleBook
from events.bus import EventType, EventTypes


@dataclass(frozen=True, slots=True)
class Telling:
    """One way in which an event is told: as one of its notifiers does, or to people who are named."""

    event_type: EventType
    category: str
    #: As people are told it: "you created this product".
    reason: str | Promise
    policy: Policy
    #: The name of the notifier; empty where people are named.
    notifier: str = ""


@dataclass(frozen=True, slots=True)
class Topic:
    """An event type, with every way in which it is told."""

    event_type: EventType
    tellings: tuple[Telling, ...]

    @property
    def category(self) -> str:
        """Under which it is listed: that of the notifier that is asked first."""
        return self.tellings[0].category


def topics() -> list[Topic]:
    """Return them in the order of their names; two queries, however many there are."""
    told, book = _told(), RuleBook()
    found = [Topic(each, tuple(_tellings(each, book))) for each in EventTypes if str(each) in told]
    return sorted(found, key=lambda topic: str(topic.event_type.display_name).casefold())


def _told() -> set[str]:
    edited = NotificationTemplate.objects.filter(is_active=True).values_list("event_type", flat=True)
    hidden = {str(notifier.event_type) for notifier in notifiers if not notifier.is_offered}
    return {*(str(notifier.event_type) for notifier in notifiers), *wording.files(), *edited} - hidden


def _tellings(event_type: EventType, book: RuleBook) -> Iterator[Telling]:
    asked = notifiers.of(event_type)
    for notifier in asked:
        category = notifier.effective_category()
        policy = policy_of(notifier, book.rules_for(event_type, category))
        yield Telling(event_type, category, notifier.reason, policy, notifier.name)
    if not asked:
        category = category_of(event_type)
        yield Telling(event_type, category, "", policy_of(None, book.rules_for(event_type, category)))
