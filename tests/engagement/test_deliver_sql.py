"""What came of a message is recorded with the message, or not at all."""

import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection, transaction

from capabilities.people.models import Person
from engagement.channels.base import Sent
from engagement.deliver_sql import record_failure, record_success
from engagement.mail import Post
from engagement.models import Delivery, DeliveryAttempt
from events.drain import drain
from events.sql import fetch
from tests.engagement.mails import mail_to
from tests.polling import eventually
from tests.smtp import SmtpServer

pytestmark = pytest.mark.django_db


def succeed(delivery: Delivery) -> None:
    record_success(delivery, Sent("250 Ok"), is_secret=False)


def fail(delivery: Delivery) -> None:
    record_failure(delivery, "550 No such user")


@pytest.mark.parametrize("answer", ["", "550 5.1.1 No such user", "450 4.2.1 Try later"])
def test_nothing_is_kept_of_who_was_deleted_while_their_mail_was_out(
    server: SmtpServer, alice: Person, monkeypatch: pytest.MonkeyPatch, answer: str
) -> None:
    """An attempt has the far end's answer, which often repeats the address, and is deleted with its message only."""
    mail_to(alice, state="pending")
    server.refused = {alice.email: answer} if answer else {}
    monkeypatch.setattr(Post, "send", _and_meanwhile(Post.send, Person.objects.all().delete))
    drain("delivery", seconds=float("inf"))
    assert not Delivery.objects.exists()
    assert not DeliveryAttempt.objects.exists()


def _and_meanwhile(send: Callable[..., Sent], what: Callable[[], Any]) -> Callable[..., Sent]:
    """Return a function that sends, and does something else before that can be recorded."""

    def both(*given: Any) -> Sent:
        try:
            return send(*given)
        finally:
            what()

    return both


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("record", [succeed, fail])
def test_nor_of_who_is_deleted_at_that_very_moment(alice: Person, record: Callable[[Delivery], None]) -> None:
    """The statement sees the message, whose deletion is not committed yet, and waits for it."""
    mail = mail_to(alice, state="pending")

    def record_it() -> None:
        record(mail)
        connection.close()

    recording = threading.Thread(target=record_it)
    with transaction.atomic():
        Delivery.objects.filter(pk=mail.pk).delete()
        recording.start()
        eventually(_somebody_waits, what="the other waits for the deletion")
    recording.join(10)
    assert not DeliveryAttempt.objects.exists()


def _somebody_waits() -> bool:
    return bool(fetch("SELECT 1 FROM pg_locks WHERE NOT granted"))


@pytest.mark.django_db(transaction=True)
def test_a_success_is_recorded_though_the_message_changes_at_that_very_moment(alice: Person) -> None:
    """Whoever takes the lease away meanwhile, it was sent."""
    mail = mail_to(alice, state="pending")

    def record_it() -> None:
        succeed(mail)
        connection.close()

    recording = threading.Thread(target=record_it)
    with transaction.atomic():
        Delivery.objects.filter(pk=mail.pk).update(failed=1)
        recording.start()
        eventually(_somebody_waits, what="the other waits for the change")
    recording.join(10)
    assert Delivery.objects.values_list("state", "failed").get() == ("succeeded", 1)
    assert DeliveryAttempt.objects.get().succeeded
