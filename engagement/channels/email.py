"""Email, by whatever EMAIL_BACKEND is."""

from collections.abc import Iterator
from contextlib import closing, contextmanager

from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import connection
from django.utils.translation import gettext_lazy as _

from engagement.channels.base import Connection, Outbound, Outgoing, Sent
from engagement.conf import DUMMY, conf
from engagement.endpoint import normal_sql
from engagement.mail import Post, compose, message_id

#: What mail needs, as settings; in brackets, as this project's environment has it.
SITE, WAY = "ENGAGEMENT_BASE_URL (in this project: SITE_URL)", "EMAIL_BACKEND (in this project: EMAIL_URL)"
#: RFC 5321: 64 characters, the @, and 255.
LONGEST_ADDRESS = 320


class EmailConnection(Connection):
    """One connection to the server for all mails of a turn."""

    def __init__(self, post: Post) -> None:
        self._post = post

    def send(self, message: Outgoing) -> Sent:
        """Send a mail and return what the server said."""
        return self._post.send(compose(message))


class EmailChannel(Outbound):
    """To the address that the user model has."""

    name = "email"
    label = _("Email")
    can_wait = True

    def configured(self) -> bool:
        """Tell whether links can be made, and mails go anywhere."""
        return bool(conf.base_url) and settings.EMAIL_BACKEND != DUMMY

    def lacks(self) -> str:
        """Name the settings that are missing."""
        lacking = {SITE: not conf.base_url, WAY: settings.EMAIL_BACKEND == DUMMY}
        names = [name for name, is_missing in lacking.items() if is_missing]
        return f"Set {' and '.join(names)}." if names else ""

    def provider_name(self) -> str:
        """Return the name of the backend's module: "smtp", "mailgun"."""
        return "" if settings.EMAIL_BACKEND == DUMMY else settings.EMAIL_BACKEND.split(".")[-2]

    def suppressed_sql(self, person: str) -> str:
        """Tell of an address that bounced."""
        address = f"channel = 'email' AND endpoint = {normal_sql(self.endpoint_sql(person))}"
        return f"EXISTS (SELECT 1 FROM engagement_suppression WHERE {address})"

    def endpoint_sql(self, person: str) -> str:
        """Return the address that the user model has, if it has any, and one that can be an address at all."""
        model = get_user_model()
        name = getattr(model, "EMAIL_FIELD", "email")
        column = {field.name: field.column for field in model._meta.concrete_fields}.get(name)
        if column is None:
            return "NULL"
        address = f"{person}.{connection.ops.quote_name(column)}"
        return f"CASE WHEN length({address}) <= {LONGEST_ADDRESS} THEN {address} END"

    @contextmanager
    def connect(self) -> Iterator[Connection]:
        """Return the connection for a turn; it is opened by its first mail."""
        with closing(Post()) as post:
            yield EmailConnection(post)

    def message_id(self, key: str) -> str:
        """Return the Message-ID of a mail."""
        return message_id(key)


channel = EmailChannel()
