"""Text messages, by the provider that the settings choose."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from django.core.exceptions import ValidationError
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from engagement.channels.base import Connection, DeliveryError, Outgoing, Sent, Stored
from engagement.sms import (
    SmsProvider,
    UnknownProvider,
    chosen,
    count,
    normal_number,
    reaches,
    shown_number,
    text_of,
)

#: After which to look whether there is a provider again, in seconds.
NOT_CONFIGURED = 600


class SmsConnection(Connection):
    """Nothing is kept between two messages."""

    def send(self, message: Outgoing) -> Sent:
        """Send a message and return what the provider said."""
        provider = _provider()
        if provider is None:
            raise DeliveryError("No provider of text messages.", code="not configured", pause=NOT_CONFIGURED)
        text = text_of(message.title, message.message, message.url)
        sent = provider.send(message.endpoint, text, message)
        return sent if sent.segments is not None else replace(sent, segments=count(text).segments)


class SmsChannel(Stored):
    """To the numbers that people have entered, and proved to be theirs."""

    name = "sms"
    label = _("SMS")
    endpoint_label = _("Mobile number")
    placeholder = "+977 98…"
    is_entered = True
    is_verified = True
    threads = 2

    def configured(self) -> bool:
        """Tell whether there is a provider that can send."""
        return _provider() is not None

    def lacks(self) -> str:
        """Return what the provider needs that the settings name, or that they name none."""
        try:
            found = chosen()
        except UnknownProvider as error:
            return str(error)
        if found is None:
            return "Set ENGAGEMENT_SMS_PROVIDER (in this project: SMS_PROVIDER)."
        needs = f"Set {' and '.join(found.needs)}." if found.needs else f"{found.name} is not set up."
        return "" if found.configured() else needs

    def provider_name(self) -> str:
        """Return the name of the provider."""
        found = _provider()
        return found.name if found else ""

    def preview(self, message: Outgoing) -> str:
        """Return the text, which is one of all parts."""
        return text_of(message.title, message.message, message.url)

    def clean(self, value: str, kind: str = "") -> str:
        """Return the number as E.164 has it; raise ValidationError, also for one that the provider does not reach."""
        try:
            number = normal_number(value)
        except ValueError as error:
            raise ValidationError(str(error), code="invalid") from None
        provider = _provider()
        if provider and provider.country_codes and not reaches(number, provider.country_codes):
            raise ValidationError(_elsewhere(provider), code="country")
        return number

    def shown(self, value: str) -> str:
        """Return a number with spaces."""
        return shown_number(value)

    @contextmanager
    def connect(self) -> Iterator[Connection]:
        """Return the connection."""
        yield SmsConnection()


def _provider() -> SmsProvider | None:
    """Return the provider if it can be used; a setting that names none is for the system check to tell."""
    try:
        found = chosen()
    except UnknownProvider:
        return None
    return found if found and found.configured() else None


def _elsewhere(provider: SmsProvider) -> str:
    codes = ", ".join(f"+{code}" for code in sorted(provider.country_codes))
    return gettext("Text messages are sent only to numbers that begin with %(codes)s.") % {"codes": codes}


channel = SmsChannel()
