"""What happens to the endpoints of people."""

from datetime import timedelta
from typing import Annotated

from django.utils.translation import gettext_lazy as _

from events.bus import Payload, Secret, event_type

CATEGORY = "security"
#: For so long a code that was sent may be entered; its wording says so.
CODE_GOOD_FOR = timedelta(minutes=10)


@event_type("endpoint.code_asked", _("Code to confirm a number"), category=CATEGORY)
class EndpointCodeAsked(Payload):
    """A person wants to prove that an endpoint is theirs: the code goes to it, verified or not."""

    endpoint_id: int
    person_id: str
    code: Annotated[str, Secret()]


@event_type("endpoint.tested", _("Test of an endpoint"), category=CATEGORY)
class EndpointTested(Payload):
    """A person asked for a test message to one of their endpoints."""

    endpoint_id: int
    person_id: str


@event_type("endpoint.retired", _("An endpoint is used no longer"), category=CATEGORY)
class EndpointRetired(Payload):
    """Something that a person had entered cannot be reached any more."""

    endpoint_id: int
    person_id: str
    #: As people call it: "Webhook".
    channel: str
    #: As its owner sees it: the name they gave it, or what they entered.
    endpoint: str
