"""Mails reach a real server, over one connection, and what it says is what becomes of them."""

import logging
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from django.core import mail as django_mail
from django.core.mail.backends.locmem import EmailBackend as LocmemBackend
from django.db import connection
from pytest_django import Settings

from capabilities.people.models import Person
from engagement.channels.base import Connection, DeliveryError, Outgoing, Sent
from engagement.channels.email import channel
from engagement.mail import post
from engagement.models import Suppression
from tests.engagement.messages import BASE_URL, digest, outgoing
from tests.services import free_port
from tests.smtp import SmtpServer

BOB = "bob@kiteworks.example"


def refused(turn: Connection, message: Outgoing | None = None) -> DeliveryError:
    """Send a message that will be refused, and return with what."""
    with pytest.raises(DeliveryError) as found:
        turn.send(message or outgoing())
    return found.value


def verdict(error: DeliveryError) -> tuple[bool, bool, float | None]:
    """Return what follows from an error."""
    return error.permanent, error.suppress, error.retry_after


FOR_NOW = (False, False, None)
FOR_GOOD = (True, False, None)
NEVER_AGAIN = (True, True, None)


def test_a_mail_arrives_as_it_was_composed_and_the_answer_is_the_servers(server: SmtpServer) -> None:
    message = outgoing()
    with channel.connect() as turn:
        assert turn.send(message) == Sent("250 2.0.0 Ok: queued as 000001")
    (received,) = server.received
    assert received.recipients == [message.endpoint]
    assert received.sender == "webmaster@localhost"
    assert received.message_id == message.message_id
    assert received.message["Subject"] == "Kite was created"
    assert received.message["List-Unsubscribe"] == f"<{message.unsubscribe_url}>"
    assert f"List-Unsubscribe: <{message.unsubscribe_url}>\r\n".encode() in received.raw
    assert "Bob Byrne created Kite." in received.text()
    assert "Bob Byrne created Kite.<br>" in received.text("html")
    assert max(map(len, received.raw.split(b"\r\n"))) <= 998


def test_a_digest_arrives(server: SmtpServer) -> None:
    with channel.connect() as turn:
        turn.send(digest(language="de", total=120, limit=20))
    (received,) = server.received
    assert received.message["Subject"].startswith("120 Benachrichtigungen von Carillon: Kite was created")
    assert "Schon gelesen" in received.text()


def test_a_hundred_mails_take_one_connection(server: SmtpServer) -> None:
    messages = [outgoing() for _ in range(100)]
    with channel.connect() as turn:
        for message in messages:
            turn.send(message)
    assert server.ids() == [message.message_id for message in messages]
    assert server.connections == 1
    assert {received.connection for received in server.received} == {1}


def test_a_turn_without_mails_connects_to_nobody(server: SmtpServer) -> None:
    with channel.connect():
        pass
    assert server.connections == 0


def test_a_turn_hangs_up_at_its_end_even_if_it_fails(server: SmtpServer) -> None:
    with pytest.raises(RuntimeError), channel.connect() as turn:
        turn.send(outgoing())
        raise RuntimeError
    server.wait_until_idle()


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ("550 5.1.1 No such user", NEVER_AGAIN),
        ("550 No such user", NEVER_AGAIN),
        ("551 User not local", NEVER_AGAIN),
        ("553 5.1.3 Bad address syntax", NEVER_AGAIN),
        ("550 5.1.2 No such host", NEVER_AGAIN),
        ("550 5.1.3 Bad address syntax", NEVER_AGAIN),
        ("550 5.1.6 Mailbox has moved", NEVER_AGAIN),
        ("550 5.1.10 Recipient has null MX", NEVER_AGAIN),
        ("550 5.2.1 Mailbox disabled", NEVER_AGAIN),
        ("550 5.4.1 Recipient address rejected", NEVER_AGAIN),
        ("552 5.2.3 Too long for this mailbox", FOR_GOOD),
        ("554 5.1.1 No such user", FOR_GOOD),
        ("554 5.2.1 Mailbox disabled", FOR_GOOD),
        ("550 5.1.7 Sender address rejected: bad syntax", FOR_NOW),
        ("550 5.1.8 Sender address rejected: no such domain", FOR_NOW),
        ("553 5.1.8 Sender address rejected: no such domain", FOR_NOW),
        ("553 5.7.1 Sender address rejected: not owned by user", FOR_NOW),
        ("550 5.7.1 Blocked by policy", FOR_NOW),
        ("550 5.7.26 Unauthenticated mail is not accepted", FOR_NOW),
        ("554 5.7.1 Relay access denied", FOR_NOW),
        ("550 5.2.2 Mailbox full", FOR_NOW),
        ("552 5.2.2 Mailbox full", FOR_NOW),
        ("530 5.7.0 Authentication required", FOR_NOW),
        ("450 4.2.0 Greylisted", FOR_NOW),
        ("451 4.7.1 Try again later", FOR_NOW),
        ("452 4.2.2 Mailbox full", FOR_NOW),
        ("421 4.7.0 Too many", FOR_NOW),
    ],
)
def test_what_a_server_says_of_a_recipient(
    server: SmtpServer, answer: str, expected: tuple[bool, bool, None]
) -> None:
    server.refused[BOB] = answer
    with channel.connect() as turn:
        error = refused(turn, outgoing(endpoint=BOB))
    assert (error.answer, verdict(error)) == (answer, expected)


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ("554 5.6.0 Message looks like spam", FOR_GOOD),
        ("550 5.7.1 Message refused", FOR_GOOD),
        ("552 Too big", FOR_GOOD),
        ("550 5.1.1 No such user", NEVER_AGAIN),
        ("554 5.1.2 No such host", NEVER_AGAIN),
        ("550 5.1.10 Recipient has null MX", NEVER_AGAIN),
        ("550 5.2.1 Mailbox disabled", FOR_GOOD),
        ("550 5.7.26 Unauthenticated mail is not accepted", FOR_GOOD),
        ("550 5.1.7 Sender address rejected: bad syntax", FOR_NOW),
        ("550 5.1.8 Sender address rejected: no such domain", FOR_NOW),
        ("552 5.2.2 Mailbox full", FOR_NOW),
        ("530 5.7.0 Authentication required", FOR_NOW),
        ("451 4.3.0 Out of disk", FOR_NOW),
        ("421 4.3.2 Shutting down", FOR_NOW),
    ],
)
def test_what_a_server_says_of_a_message(
    server: SmtpServer, answer: str, expected: tuple[bool, bool, None]
) -> None:
    server.at_data = answer
    with channel.connect() as turn:
        error = refused(turn)
    assert (error.answer, verdict(error)) == (answer, expected)


@pytest.mark.parametrize(
    "answer", ["550 5.7.1 Sender not allowed", "553 5.1.8 No such domain", "451 Later", "421 4.7.0 Go away"]
)
def test_what_a_server_says_of_the_sender_is_for_the_operator_to_mend(
    server: SmtpServer, answer: str
) -> None:
    server.at_mail = answer
    with channel.connect() as turn:
        error = refused(turn)
    assert (error.answer, verdict(error)) == (answer, FOR_NOW)


def test_one_refused_recipient_does_not_disturb_the_others(server: SmtpServer) -> None:
    server.refused[BOB] = "550 5.1.1 No such user"
    with channel.connect() as turn:
        for endpoint in ("alice@kiteworks.example", BOB, "carol@kiteworks.example"):
            if endpoint == BOB:
                refused(turn, outgoing(endpoint=endpoint))
            else:
                turn.send(outgoing(endpoint=endpoint))
    assert [received.recipients for received in server.received] == [
        ["alice@kiteworks.example"],
        ["carol@kiteworks.example"],
    ]
    assert server.connections == 1


def test_a_refused_message_does_not_disturb_the_next(server: SmtpServer) -> None:
    with channel.connect() as turn:
        server.at_data = "554 5.6.0 No"
        refused(turn)
        server.at_data, server.at_mail = "", "550 No"
        refused(turn)
        server.at_mail = ""
        turn.send(outgoing())
    assert (len(server.received), server.connections) == (1, 1)


def test_an_address_that_is_none_is_refused_without_a_server(server: SmtpServer) -> None:
    with channel.connect() as turn:
        assert verdict(refused(turn, outgoing(endpoint="älice@kiteworks.example"))) == FOR_GOOD
    assert server.connections == 0


def test_a_connection_that_the_server_closed_meanwhile_is_opened_again(server: SmtpServer) -> None:
    with channel.connect() as turn:
        turn.send(outgoing())
        server.hang_up()
        turn.send(outgoing())
    assert [received.connection for received in server.received] == [1, 2]


def test_a_server_that_says_goodbye_to_an_idle_connection_is_asked_again(server: SmtpServer) -> None:
    with channel.connect() as turn:
        turn.send(outgoing())
        server.goodbyes = 1
        turn.send(outgoing())
    assert [received.connection for received in server.received] == [1, 2]


def test_a_server_that_is_busy_is_asked_once_more_and_not_for_ever(server: SmtpServer) -> None:
    with channel.connect() as turn:
        turn.send(outgoing())
        server.at_mail = "421 4.7.0 Too many connections"
        assert verdict(refused(turn)) == FOR_NOW
        assert server.connections == 2
        server.at_mail = ""
        turn.send(outgoing())
    assert server.connections == 3


def test_a_server_that_restarts_is_found_again(server: SmtpServer) -> None:
    with channel.connect() as turn:
        turn.send(outgoing())
        server.stop()
        assert verdict(refused(turn)) == FOR_NOW
        server.start()
        turn.send(outgoing())
    assert len(server.received) == 2


def test_after_421_the_next_mail_has_a_new_connection(server: SmtpServer) -> None:
    server.refused[BOB] = "421 4.7.0 Too many recipients"
    with channel.connect() as turn:
        turn.send(outgoing())
        refused(turn, outgoing(endpoint=BOB))
        turn.send(outgoing())
    assert [received.connection for received in server.received] == [1, 2]


def test_a_mail_of_which_nobody_knows_whether_it_was_taken_is_not_sent_twice_at_once(
    server: SmtpServer,
) -> None:
    message = outgoing()
    with channel.connect() as turn:
        turn.send(outgoing())
        server.drops_after_data = True
        error = refused(turn, message)
        assert verdict(error) == FOR_NOW
        assert "may have been taken" in error.answer
        assert server.ids().count(message.message_id) == 1
        server.drops_after_data = False
        turn.send(message)
    assert server.ids().count(message.message_id) == 2


def test_nobody_waits_for_a_silent_server_for_ever(
    server: SmtpServer, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.EMAIL_TIMEOUT = None
    monkeypatch.setattr(post, "TIMEOUT_SECONDS", 0.2)
    server.delay = 30
    with channel.connect() as turn:
        error = refused(turn)
    assert verdict(error) == FOR_NOW
    assert "timed out" in error.answer


def test_the_projects_timeout_counts(server: SmtpServer, settings: Settings) -> None:
    settings.EMAIL_TIMEOUT = 0.2
    server.delay = 30
    with channel.connect() as turn:
        assert verdict(refused(turn)) == FOR_NOW


def test_a_server_that_does_not_even_greet_is_for_now(settings: Settings) -> None:
    settings.ENGAGEMENT_BASE_URL = BASE_URL
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_TIMEOUT = 0.2
    with socket.create_server(("127.0.0.1", 0)) as silent, channel.connect() as turn:
        settings.EMAIL_HOST, settings.EMAIL_PORT = silent.getsockname()
        assert verdict(refused(turn)) == FOR_NOW


def test_a_server_that_is_not_there_is_for_now(settings: Settings) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", free_port()
    with channel.connect() as turn:
        error = refused(turn)
    assert verdict(error) == FOR_NOW
    assert error.answer.startswith("ConnectionRefusedError: ")


def test_a_name_that_is_not_known_is_for_now(settings: Settings) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST = "mail.invalid"
    with channel.connect() as turn:
        assert verdict(refused(turn)) == FOR_NOW


def test_a_server_without_encryption_is_for_now(server: SmtpServer, settings: Settings) -> None:
    settings.EMAIL_USE_TLS = True
    with channel.connect() as turn:
        assert verdict(refused(turn)) == FOR_NOW
    settings.EMAIL_USE_TLS, settings.EMAIL_USE_SSL = False, True
    with channel.connect() as turn:
        assert verdict(refused(turn)) == FOR_NOW


@contextmanager
def guarded(settings: Settings, password: str) -> Iterator[SmtpServer]:
    """Run a server that wants a password, and give it this one."""
    with SmtpServer(login=("carillon", "open sesame")) as server:
        for name, value in (server.settings() | {"EMAIL_HOST_PASSWORD": password}).items():
            setattr(settings, name, value)
        yield server


def test_the_password_is_given(settings: Settings) -> None:
    with guarded(settings, "open sesame") as server, channel.connect() as turn:
        turn.send(outgoing())
        assert len(server.received) == 1


def test_a_wrong_password_is_for_now_and_not_in_the_answer(settings: Settings) -> None:
    with guarded(settings, "open barley") as server, channel.connect() as turn:
        server.at_login = "535 5.7.8 Not with {}"
        error = refused(turn)
    assert verdict(error) == FOR_NOW
    assert error.answer == "535 5.7.8 Not with carillon:***"
    assert "barley" not in str(error)


def test_an_answer_is_kept_to_a_bound(server: SmtpServer) -> None:
    server.at_data = "554 5.6.0 " + "\x07no " * 1000
    server.at_data = server.at_data[:8000]
    with channel.connect() as turn:
        error = refused(turn)
    assert len(error.answer) <= 1000
    assert error.answer.startswith("554 5.6.0 no no no")


def test_an_answer_of_many_lines_is_one(server: SmtpServer) -> None:
    server.refused[BOB] = "550-5.1.1 There is no\r\n550 5.1.1 such user"
    with channel.connect() as turn:
        error = refused(turn, outgoing(endpoint=BOB))
    assert error.answer == "550 5.1.1 There is no 5.1.1 such user"
    assert verdict(error) == NEVER_AGAIN


def test_a_server_that_is_gone_at_the_end_of_the_turn_is_no_failure(server: SmtpServer) -> None:
    with channel.connect() as turn:
        turn.send(outgoing())
        server.stop()


def test_the_servers_own_record_is_written_before_it_answers(settings: Settings, tmp_path: Path) -> None:
    message = outgoing()
    with SmtpServer(log=tmp_path / "taken") as server:
        for name, value in server.settings().items():
            setattr(settings, name, value)
        server.drops_after_data = True
        with channel.connect() as turn:
            refused(turn, message)
    assert (tmp_path / "taken").read_text() == f"{message.message_id}\n"


def test_any_backend_of_django_will_do(settings: Settings) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    with channel.connect() as turn:
        assert turn.send(outgoing()).answer == f"taken by {settings.EMAIL_BACKEND}"
    (sent,) = django_mail.outbox
    assert sent.subject == "Kite was created"


class Counting(LocmemBackend):
    """A backend that says how many it has taken."""

    count: int | None = 0

    def send_messages(self, messages: object) -> int:
        """Take none."""
        return self.count  # type: ignore[return-value]  # as some do


def test_a_backend_that_takes_nothing_is_for_now(settings: Settings) -> None:
    settings.EMAIL_BACKEND = f"{__name__}.Counting"
    with channel.connect() as turn:
        assert verdict(refused(turn)) == FOR_NOW


def test_a_backend_that_does_not_count_is_believed(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Counting, "count", None)
    settings.EMAIL_BACKEND = f"{__name__}.Counting"
    with channel.connect() as turn:
        assert turn.send(outgoing()) == Sent(f"taken by {__name__}.Counting")


class Unclosable(LocmemBackend):
    """A backend that is gone before it is closed."""

    def close(self) -> None:
        """Fail."""
        raise BrokenPipeError("gone")


def test_what_fails_after_the_last_answer_is_no_failure(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    settings.EMAIL_BACKEND = f"{__name__}.Unclosable"
    with channel.connect() as turn:
        turn.send(outgoing())
    assert "gone" in caplog.text


def test_a_wrong_setting_is_not_taken_for_an_answer(settings: Settings) -> None:
    settings.EMAIL_BACKEND = "nowhere.EmailBackend"
    with channel.connect() as turn, pytest.raises(ImportError):
        turn.send(outgoing())


def test_the_channel_needs_an_address_for_links_and_a_backend(settings: Settings) -> None:
    assert not channel.configured()
    settings.ENGAGEMENT_BASE_URL = BASE_URL
    assert channel.configured()
    settings.EMAIL_BACKEND = "django.core.mail.backends.dummy.EmailBackend"
    assert not channel.configured()


def test_mails_can_wait_for_a_digest() -> None:
    assert channel.medium().can_wait


def test_the_id_of_a_mail_has_our_host(settings: Settings) -> None:
    settings.ENGAGEMENT_BASE_URL = BASE_URL
    assert channel.message_id("0f1e") == "<0f1e@carillon.example>"


def ask(person: Person, expression: str) -> object:
    """Return the value of an SQL expression on a person's row."""
    with connection.cursor() as cursor:
        table = connection.ops.quote_name(Person._meta.db_table)
        cursor.execute(f"SELECT {expression} FROM {table} person WHERE person.id = %s", [person.pk])
        return cursor.fetchone()[0]


def test_a_person_is_reached_at_their_address(alice: Person) -> None:
    assert ask(alice, channel.endpoint_sql("person")) == alice.email
    Person.objects.filter(pk=alice.pk).update(email="")
    assert not ask(alice, channel.endpoint_sql("person"))


def test_an_address_that_bounced_is_not_used_however_it_is_written(alice: Person) -> None:
    Person.objects.filter(pk=alice.pk).update(email="Alice@Kiteworks.example")
    assert ask(alice, channel.suppressed_sql("person")) is False
    Suppression.objects.create(channel="email", endpoint="aLICE@kiteworks.example")
    assert ask(alice, channel.suppressed_sql("person")) is True
