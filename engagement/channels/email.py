"""Email. People can choose it; no message is sent yet, and each outcome says so."""

from django.contrib.auth import get_user_model
from django.db import connection
from django.utils.translation import gettext_lazy as _

from engagement.channels.base import Channel


class EmailChannel(Channel):
    """Known to preferences and wordings, and never configured in this release."""

    name = "email"
    label = _("Email")

    def configured(self) -> bool:
        """Tell that it cannot be used."""
        return False

    def no_endpoint_sql(self, person: str) -> str:
        """Tell of an account without an address."""
        return f"coalesce({self._address(person)}, '') = ''"

    def suppressed_sql(self, person: str) -> str:
        """Tell of an address that bounced."""
        address = f"channel = 'email' AND endpoint = lower({self._address(person)})"
        return f"EXISTS (SELECT 1 FROM engagement_suppression WHERE {address})"

    @staticmethod
    def _address(person: str) -> str:
        """Return the column in which the user model has the address; some have none."""
        model = get_user_model()
        name = getattr(model, "EMAIL_FIELD", "email")
        column = {field.name: field.column for field in model._meta.concrete_fields}.get(name)
        return f"{person}.{connection.ops.quote_name(column)}" if column else "NULL"


channel = EmailChannel()
