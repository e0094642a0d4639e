"""For templates of any page: {% load engagement %}{% notification_bell %}."""

from typing import Any

from django import template
from django.template.context import RequestContext

from engagement import inbox
from engagement.live.place import stream_url

register = template.Library()


@register.inclusion_tag("engagement/bell.html", takes_context=True)
def notification_bell(context: RequestContext, *, title: bool = False) -> dict[str, Any]:
    """Show the bell: a link to the inbox with the badge, which live becomes a list that drops down.

    Nothing for those who are not logged in. Once on a page. It needs the request in the context, and costs a query,
    unless the context processor has counted already. With `title`, "(3) " before the title of the page follows as well.
    """
    person = getattr(context.get("request"), "user", None) or context.get("user")
    if person is None or not person.is_authenticated:
        return {"person": None}
    unread = context["unread_badge"] if "unread_badge" in context else inbox.badge(person)
    return {
        "person": person,
        "unread": unread,
        "title": title,
        "stream_url": stream_url(person),
        "csrf_token": context.get("csrf_token"),
    }
