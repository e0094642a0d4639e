"""A message as it would be sent now, shown where nothing in it can do anything."""

from django.core.exceptions import ObjectDoesNotExist
from django.http import HttpResponse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from engagement.channels import channel_of
from engagement.mail import compose
from engagement.message import preview_of
from engagement.models import Delivery
from engagement.outgoing import DeliveryError, Outgoing
from engagement.registry import is_sensitive
from engagement.standing import EMAIL
from events.bus import RetryLater
from events.listing import moment

#: No script, no picture, no form; the page puts it into a sandboxed frame besides.
POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; form-action 'none'; base-uri 'none'; "
    "frame-ancestors 'self'; sandbox"
)


def rendered(delivery: Delivery, *, as_text: bool) -> HttpResponse:
    """Return the message's plain text, or its HTML, or why there is none."""
    text, html = _written(delivery)
    kind = "text/plain" if as_text else "text/html"
    answer = HttpResponse(text if as_text else html, content_type=f"{kind}; charset=utf-8")
    answer.headers["Content-Security-Policy"] = POLICY
    answer.headers["X-Content-Type-Options"] = "nosniff"
    return answer


def _written(delivery: Delivery) -> tuple[str, str]:
    if has_secrets(delivery):
        return _said(_("There is a secret in it, so it is not shown here."))
    if delivery.is_open and not delivery.items.exists():
        return _said(nothing_yet(delivery))
    try:
        return _written_out(delivery.channel, preview_of(delivery))
    except (DeliveryError, RetryLater, ObjectDoesNotExist) as error:
        return _said(_("It cannot be written: %s") % error)


def _written_out(channel: str, message: Outgoing) -> tuple[str, str]:
    if channel == EMAIL:
        mail = compose(message)
        return str(mail.body), str(mail.alternatives[0][0])
    texts = [message.title, message.message, message.url, channel_of(channel).preview(message)]
    text = "\n\n".join(filter(None, texts))
    return text, format_html('<pre style="white-space: pre-wrap; overflow-wrap: anywhere">{}</pre>', text)


def nothing_yet(digest: Delivery) -> str:
    """Return what is said of an open digest, which has nothing in it whatever is held for it."""
    held = Delivery.objects.held_by(digest).count()
    said = ngettext(
        "Nothing is gathered before %(due)s; %(held)d message is held for it.",
        "Nothing is gathered before %(due)s; %(held)d messages are held for it.",
        held,
    )
    return said % {"due": moment(digest.available_at), "held": held}


def _said(text: str) -> tuple[str, str]:
    return text, format_html("<p>{}</p>", text)


def has_secrets(delivery: Delivery) -> bool:
    """Tell whether there may be a secret in a message, or in one of those in a digest."""
    types = {delivery.event_type}
    if delivery.is_digest:
        types |= set(Delivery.objects.filter(digest=delivery.pk).values_list("event_type", flat=True))
    return any(is_sensitive(each) for each in types if each)
