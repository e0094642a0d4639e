"""Who hears of it."""

from django.contrib.auth import get_user_model
from django.db.models import QuerySet

from bench.app.events import Addressed, Announced, Rung, Sent
from capabilities.people.models import Person
from engagement.notifier import Notifier


class AnnouncedNotifier(Notifier[Announced]):
    """One text for all, to the inbox."""

    event = Announced
    channels = ("app",)
    reason = "you are a member"
    example = Announced(people=1)

    def audience(self, event: Announced) -> QuerySet[Person]:
        """Return the first so many."""
        return get_user_model().objects.filter(pk__lte=event.people)


class AddressedNotifier(Notifier[Addressed]):
    """A text for each, to the inbox and, where mail is configured, by mail."""

    event = Addressed
    channels = ("app", "email")
    reason = "you are a member"
    example = Addressed(people=1)

    def audience(self, event: Addressed) -> QuerySet[Person]:
        """Return the first so many."""
        return get_user_model().objects.filter(pk__lte=event.people)


class RungNotifier(Notifier[Rung]):
    """One person."""

    event = Rung
    channels = ("app",)
    reason = "it is your door"
    example = Rung(person_id=1)

    def audience(self, event: Rung) -> QuerySet[Person]:
        """Return the one."""
        return get_user_model().objects.filter(pk=event.person_id)


class SentNotifier(Notifier[Sent]):
    """Those whom the event names, if it is for this one's channel."""

    reason = "it is yours"
    example = Sent(channel="email", first=1, last=1)

    def audience(self, event: Sent) -> QuerySet[Person]:
        """Return them, or nobody."""
        people = get_user_model().objects.filter(pk__range=(event.first, event.last))
        return people if event.channel in self.channels else people.none()


class SentByEmail(SentNotifier):
    """A mail."""

    event = Sent
    channels = ("email",)


class SentByPush(SentNotifier):
    """To a device."""

    event = Sent
    channels = ("push",)


class SentBySms(SentNotifier):
    """A text message."""

    event = Sent
    channels = ("sms",)


class SentByWebhook(SentNotifier):
    """To a program."""

    event = Sent
    channels = ("webhook",)
