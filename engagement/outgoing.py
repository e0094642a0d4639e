"""A message that leaves the house, and what became of it: what channels and those who use them agree on."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True)
class DigestItem:
    """One of the notifications in a digest."""

    title: str
    message: str
    #: Absolute; empty if it leads nowhere.
    url: str
    category: str
    at: datetime
    is_read: bool = False


@dataclass(frozen=True, slots=True)
class DigestContent:
    """What was collected for a person: the unread first, in each part the newest first."""

    items: Sequence[DigestItem]
    #: How many there are altogether; those that `items` leaves out are on the page at `url`.
    total: int
    #: Where all of them are listed; absolute.
    url: str
    #: How many mails an hour the person gets at the most, if that is why some of these are here.
    limit: int | None = None


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One message to one endpoint, with all that a channel may want to know of it. Addresses are absolute."""

    #: The same over all retries; for mails the Message-ID, with its angle brackets.
    message_id: str
    endpoint: str
    #: What to call the person.
    person: str
    #: In which its text is, and what is put around it is to be.
    language: str
    #: In which moments are shown; empty for the installation's.
    time_zone: str
    event_type: str
    category: str
    title: str
    message: str
    #: Where it leads; empty for nowhere.
    url: str
    #: Why the person hears of it, in their language; the same for everybody and in the installation's.
    reason: str
    reason_for_machines: str
    #: What messages have in common that belong together; empty for nothing.
    thread: str
    #: Where the decision can be seen and changed.
    why_url: str
    preferences_url: str
    #: Empty if nobody can opt out of it.
    unsubscribe_url: str
    digest: DigestContent | None = None
    #: What it is about, as events refer to it: `product_management.product:1`; empty for nothing.
    about: str = ""
    #: One of decide.Importance.
    importance: str = "usual"
    #: When it was planned.
    created_at: datetime | None = None
    #: After this it is of no use.
    not_after: datetime | None = None
    #: Of several kinds of endpoint on one channel which this is: "token" or "fid" of a device.
    kind: str = ""
    #: With which messages to this endpoint are signed, the newest first; several while they are being changed.
    secrets: Sequence[str] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True)
class Sent:
    """What the far end said to a message that it took."""

    answer: str
    #: What it calls the message, if it said so.
    provider_id: str = ""
    #: How many text messages it became.
    segments: int | None = None


class DeliveryError(Exception):
    """A message was not taken. Temporary unless it is said to be permanent; all times are seconds."""

    def __init__(
        self,
        answer: str,
        *,
        code: str = "",
        permanent: bool = False,
        suppress: bool = False,
        retire: bool = False,
        retry_after: float | None = None,
        slow: float | None = None,
        pause: float | None = None,
        unreachable: bool = False,
    ) -> None:
        #: What the far end said, or what went wrong.
        self.answer = answer
        #: The same in a word, by which failures are counted: "UNREGISTERED", "550", "timeout".
        self.code = code
        #: No other attempt would succeed.
        self.permanent = permanent
        #: Nor any other message to this endpoint, whoever's it becomes.
        self.suppress = suppress
        #: The endpoint is not there any more; it is used no longer, unless it was registered anew meanwhile.
        self.retire = retire
        #: The far end asked us to wait so long with this message, which is no failure.
        self.retry_after = retry_after
        #: For so long nothing else is to be sent to this endpoint either.
        self.slow = slow
        #: For so long nothing at all is to be sent by this channel; no failure of the message, and operators are told.
        self.pause = pause
        #: Nor would any other message be taken now, to whomever.
        self.unreachable = unreachable
        super().__init__(answer)
