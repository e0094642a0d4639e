"""What a mail server gets, byte by byte, and over how many connections."""

import re
from typing import Any

import pytest

from capabilities.people.models import Person
from engagement.channels.base import DigestItem, Outgoing
from engagement.channels.email import channel
from engagement.models import Delivery
from events.bus import event_bus
from events.drain import drain
from tests.engagement.messages import BASE_URL, CREATED, NOW, digest, outgoing
from tests.probe.events import Told
from tests.smtp import Received, SmtpServer

THREAD = re.compile(r"<thread\.[0-9a-f]{32}@carillon\.example>")
#: Those that Django makes.
USUAL = {"Subject", "From", "To", "Date", "MIME-Version", "Content-Type"}
#: A family with its joiners is 18 bytes, a flag 8: together 10 kB.
EMOJI = "👨‍👩‍👧🇩🇪" * 400
HOSTILE = {
    "newlines": "Kite\r\nBcc: eve@evil.example\r\n\r\n.\r\nMAIL FROM:<eve@evil.example>\n\x0b\x85\u2028was sold",
    "emoji": EMOJI,
    "bidi": "Kite \u202eexe.gpj\u202c \u2066\u200fx\u2069",
    "encoded": "=?utf-8?q?Bcc=3A_eve=40evil.example=0D=0A?=",
    "nothing": " \r\n\t ",
}


def sent(server: SmtpServer, message: Outgoing) -> Received:
    """Send a message, and return what the server has of it."""
    with channel.connect() as turn:
        turn.send(message)
    (received,) = server.received
    return received


def headers(received: Received) -> list[tuple[str, str]]:
    """Return the headers as they were sent, unfolded."""
    head = received.raw.partition(b"\r\n\r\n")[0].decode("ascii")
    lines = re.sub(r"\r\n(?=[ \t])", "", head).split("\r\n")
    return [(name, value.strip()) for name, _, value in (line.partition(":") for line in lines)]


def test_a_notification_has_every_header_when_it_arrives(server: SmtpServer) -> None:
    received = sent(server, CREATED)
    found = dict(headers(received))
    about, date = (found.pop(name) for name in ("In-Reply-To", "Date"))
    assert THREAD.fullmatch(about)
    assert re.fullmatch(r"\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d [+-]\d{4}", date)
    assert re.fullmatch(r'multipart/alternative;\s+boundary="=+\d+=="', found.pop("Content-Type"))
    assert found == {
        "Subject": "Kite was created",
        "From": "webmaster@localhost",
        "To": "Alice Arden <alice@kiteworks.example>",
        "MIME-Version": "1.0",
        "Message-ID": CREATED.message_id,
        "References": about,
        "Auto-Submitted": "auto-generated",
        "X-Auto-Response-Suppress": "All",
        "List-Id": "Product <product.carillon.example>",
        "X-Notification-Reason": "you manage this product or its organisation",
        "Feedback-ID": "product:product_management.product.created:carillon:carillon",
        "List-Unsubscribe": f"<{CREATED.unsubscribe_url}>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    }


def test_a_digest_has_every_header_but_those_of_a_thread_when_it_arrives(server: SmtpServer) -> None:
    message = digest(language="de")
    found = dict(headers(sent(server, message)))
    assert found.pop("Subject").startswith("4 Benachrichtigungen von Carillon: ")
    assert {name: value for name, value in found.items() if name not in USUAL} == {
        "Message-ID": message.message_id,
        "Auto-Submitted": "auto-generated",
        "X-Auto-Response-Suppress": "All",
        "List-Id": "Digest <digest.carillon.example>",
        "X-Notification-Reason": "you manage this product or its organisation",
        "Feedback-ID": "digest:digest:carillon:carillon",
        "List-Unsubscribe": f"<{message.unsubscribe_url}>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    }


def test_a_mandatory_mail_arrives_without_an_offer_to_unsubscribe(server: SmtpServer) -> None:
    names = {name for name, _ in headers(sent(server, outgoing(unsubscribe_url="")))}
    assert names.isdisjoint({"List-Unsubscribe", "List-Unsubscribe-Post"})


def notification_of(text: str) -> Outgoing:
    """Return a notification in which everything is this text that anybody writes."""
    reasons = {"reason": text, "reason_for_machines": text}
    return outgoing(title=text, message=text, person=text, category=text, thread=text, **reasons)


def digest_of(text: str) -> Outgoing:
    """Return a digest of this text."""
    return digest([DigestItem(text, text, f"{BASE_URL}/1/", text, NOW)] * 3, person=text, reason=text)


@pytest.mark.parametrize("make", [notification_of, digest_of])
@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_a_hostile_text_arrives_as_a_text(server: SmtpServer, text: str, make: Any) -> None:
    received = sent(server, make(text))
    assert received.recipients == ["alice@kiteworks.example"]
    assert received.raw.isascii()
    assert b"\n" not in received.raw.replace(b"\r\n", b"")
    assert b"\r" not in received.raw.replace(b"\r\n", b"")
    assert max(map(len, received.raw.split(b"\r\n"))) <= 998
    names = [name for name, _ in headers(received)]
    assert len(names) == len(set(names))
    assert not {"Bcc", "Cc", "Sender"} & set(names)
    assert names.count("Subject") == 1
    assert len(list(received.message.iter_parts())) == 2
    assert all(not value.defects for value in received.message.values())


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("newlines", "Kite Bcc: eve@evil.example . MAIL FROM:<eve@evil.example> was sold"),
        ("bidi", "Kite exe.gpj \u200fx"),
        ("encoded", "=\u2060?utf-8?q?Bcc=3A_eve=40evil.example=0D=0A?="),
        ("nothing", ""),
    ],
)
def test_a_hostile_title_is_shown_in_one_line(server: SmtpServer, text: str, shown: str) -> None:
    found = sent(server, outgoing(title=HOSTILE[text])).message["Subject"]
    assert found.replace("=\u2060?", "=?") == shown.replace("=\u2060?", "=?")


def test_ten_kilobytes_of_emoji_are_cut_and_not_broken(server: SmtpServer) -> None:
    assert len(EMOJI.encode()) > 10_000
    found = str(sent(server, outgoing(title=EMOJI)).message["Subject"])
    assert 100 < len(found) <= 200
    assert "\ufffd" not in found
    assert EMOJI.startswith(found.removesuffix("…"))


def test_a_line_that_is_a_dot_does_not_end_the_mail(server: SmtpServer) -> None:
    received = sent(server, outgoing(message="Above\n.\n..\nbelow"))
    assert "Above\n.\n..\nbelow" in received.text().replace("\r\n", "\n")


def test_a_thousand_mails_take_one_connection(server: SmtpServer) -> None:
    messages = [outgoing() for _ in range(1_000)]
    with channel.connect() as turn:
        for message in messages:
            turn.send(message)
    assert server.ids() == [message.message_id for message in messages]
    assert server.connections == 1


@pytest.mark.django_db
def test_a_thousand_deliveries_take_few_connections(server: SmtpServer) -> None:
    people = Person.objects.bulk_create(
        Person(username=f"p{number}", email=f"p{number}@kiteworks.example") for number in range(1_000)
    )
    event_bus.publish(Told(people=[each.pk for each in people]))
    drain("events", seconds=float("inf"))
    assert drain("delivery", seconds=float("inf")) == 1_000
    assert sorted(server.ids()) == sorted(Delivery.objects.values_list("message_id", flat=True))
    assert {each.state for each in Delivery.objects.all()} == {"succeeded"}
    assert server.connections <= 5
