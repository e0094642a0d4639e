"""Where a message is that was planned."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from django.core.management import call_command
from django.db.models.functions import Now
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from capabilities.people.models import Person
from engagement import pauses
from engagement.decide import Outcome, Reason, Status, Wait
from engagement.explain import Verdict, explain, gist
from engagement.models import AppNotification, Delivery, NotifiableEvent, NotificationPreference
from engagement.models.delivery_states import DeliveryState, Feedback
from engagement.notifier import retract
from engagement.sentences import SENTENCES, WAITS, Setting
from engagement.whereabouts import FURTHEST, STATES, deliveries_of, look_up, of, whereabouts
from events.bus import event_bus
from events.drain import drain
from tests.engagement.mails import digest_of, mail_to
from tests.probe.events import Told
from tests.smtp import SmtpServer

pytestmark = pytest.mark.django_db

#: As it is shown to somebody in Berlin: an hour later.
LATER = datetime(2033, 1, 1, 12, tzinfo=UTC)
SHOWN = "Jan. 1, 2033, 1 p.m."


@pytest.fixture(autouse=True)
def in_berlin() -> Any:
    with timezone.override(ZoneInfo("Europe/Berlin")):
        yield


def verdict_on(mail: Delivery) -> Verdict:
    """Return what is said of email to the person."""
    found = explain(NotifiableEvent.objects.get(pk=mail.notifiable_id or 0))
    return next(each for each in found.verdicts if each.channel == "email")


def running() -> dict[str, Any]:
    return {"state": DeliveryState.RUNNING, "lease_token": uuid4(), "lease_until": timezone.now()}


WAITING: list[tuple[dict[str, Any], str, str, Setting]] = [
    (
        {"state": "held", "wait": Wait.HOURLY},
        "waits for a digest",
        "hourly digest, which is due on",
        Setting.DIGEST,
    ),
    (
        {"state": "held", "wait": Wait.DAILY},
        "waits for a digest",
        "daily digest, which is due on",
        Setting.DIGEST,
    ),
    (
        {"state": "held", "wait": Wait.HOURLY, "over_limit": True},
        "waits for a digest",
        "You had had many messages by then",
        Setting.NOWHERE,
    ),
    (
        {"state": "pending", "wait": Wait.QUIET_HOURS},
        "waits",
        "the end of your quiet hours, on",
        Setting.QUIET_HOURS,
    ),
    (
        {"state": "pending", "wait": Wait.TO_BE_READ},
        "waits",
        "Unless you have read it in your inbox",
        Setting.NOWHERE,
    ),
    ({"state": "pending"}, "waits", "It is sent on", Setting.EVENT_TYPE),
    ({"state": "retrying"}, "waits", "It was put off until", Setting.EVENT_TYPE),
    (
        {"state": "retrying", "failed": 1},
        "being tried again",
        "at the first attempt; the next is",
        Setting.EVENT_TYPE,
    ),
    (
        {"state": "retrying", "failed": 2, "crashed": 1},
        "being tried again",
        "at 3 attempts",
        Setting.EVENT_TYPE,
    ),
]


@pytest.mark.parametrize(("fields", "word", "said", "setting"), WAITING)
def test_what_waits_says_for_what_and_until_when(
    alice: Person, fields: dict[str, Any], word: str, said: str, setting: Setting
) -> None:
    found = verdict_on(mail_to(alice, available_at=LATER, **fields))
    assert (found.status, found.word, found.told, found.setting) == (word, word, True, setting)
    assert said in str(found.sentence)
    assert f"{SHOWN} " in f"{found.sentence} "


@pytest.mark.parametrize("fields", [{"state": "pending"}, {"state": "pending", "wait": Wait.TO_BE_READ}])
def test_what_is_due_is_on_its_way(alice: Person, fields: dict[str, Any]) -> None:
    found = verdict_on(mail_to(alice, **fields))
    assert (found.status, found.told) == ("on its way", True)
    assert verdict_on(mail_to(alice, **running())).status == "on its way"


@pytest.mark.parametrize(
    ("feedback", "word", "said", "told"),
    [
        (Feedback.NONE, "sent", "It was sent on", True),
        (Feedback.DELIVERED, "delivered", "has accepted it", True),
        (Feedback.BOUNCED, "came back", "did not accept it", False),
        (Feedback.FAILED, "did not arrive", "others may arrive", False),
        (Feedback.COMPLAINED, "sent", "reported as spam", True),
        (Feedback.UNSUBSCRIBED, "sent", "opted out", True),
    ],
)
def test_what_was_sent_says_when_and_what_was_heard_of_it(
    alice: Person, feedback: Feedback, word: str, said: str, told: bool
) -> None:
    found = verdict_on(mail_to(alice, sent_at=LATER, feedback=feedback))
    assert (found.word, found.told) == (word, told)
    assert f"It was sent on {SHOWN}" in str(found.sentence)
    assert said in str(found.sentence)
    assert "You have not chosen, and it is the default." in str(found.sentence)


def test_what_used_up_its_attempts_was_not_told_and_the_person_sees_no_answers_of_servers(
    alice: Person,
) -> None:
    found = verdict_on(mail_to(alice, state=DeliveryState.DEAD, last_error="550 5.1.1 No such user"))
    assert (found.status, found.told) == ("could not be sent", False)
    assert "550" not in str(found.sentence)


@pytest.mark.parametrize("reason", Reason)
@pytest.mark.parametrize("state", [DeliveryState.SKIPPED, DeliveryState.CANCELLED])
def test_what_was_decided_anew_says_why(alice: Person, reason: Reason, state: DeliveryState) -> None:
    mail = mail_to(alice, state=state, last_error=str(Outcome(Status.SKIPPED, reason)))
    found = verdict_on(mail)
    sentence, setting = SENTENCES[reason]
    assert (found.status, found.told, found.setting) == ("not sent", False, setting)
    assert str(found.sentence).endswith(str(sentence))
    assert "default" not in str(found.sentence) or reason == Reason.DEFAULT


def test_what_was_called_off_for_another_reason_says_so(alice: Person) -> None:
    found = verdict_on(mail_to(alice, state=DeliveryState.CANCELLED, last_error="The person is gone."))
    assert (found.status, found.told) == ("called off", False)


@pytest.mark.parametrize(
    ("fields", "word", "said", "told"),
    [
        ({"sent_at": LATER}, "sent in a digest", f"It was sent on {SHOWN}", True),
        ({"state": "pending", "sent_at": None}, "on its way", "about to be sent", True),
        ({"state": "retrying", "failed": 1, "available_at": LATER}, "being tried again", SHOWN, True),
        ({"state": "dead"}, "could not be sent", "not tried any more", False),
        ({"state": "skipped", "last_error": "skipped: already read"}, "already read", "in your inbox", False),
        ({"feedback": Feedback.BOUNCED}, "came back", "did not accept it", False),
    ],
)
def test_what_is_in_a_digest_fares_as_the_digest_does(
    alice: Person, fields: dict[str, Any], word: str, said: str, told: bool
) -> None:
    item = mail_to(alice, wait=Wait.DAILY)
    digest_of(alice, item, **fields)
    found = verdict_on(item)
    assert (found.word, found.told) == (word, told)
    assert "It became a part of a digest." in str(found.sentence)
    assert said in str(found.sentence)


def test_why_by_mail_is_not_taken_for_why_in_a_digest(alice: Person) -> None:
    item = mail_to(alice, state=DeliveryState.HELD, wait=Wait.HOURLY)
    expected = " Why by Email at all: You have not chosen, and it is the default."
    assert str(verdict_on(item).sentence).endswith(expected)
    digest_of(alice, item)
    found = verdict_on(item)
    assert str(found.sentence).endswith(expected)
    assert found.setting == Setting.DIGEST


def test_a_digest_that_is_no_longer_kept_breaks_no_page(alice: Person) -> None:
    item = mail_to(alice)
    Delivery.objects.filter(pk=digest_of(alice, item).pk)._raw_delete("default")
    assert verdict_on(item).status == "in a digest"


@pytest.mark.parametrize("wait", Wait)
def test_a_message_of_which_nothing_is_kept_is_explained_by_the_decision(alice: Person, wait: Wait) -> None:
    mail = mail_to(alice, wait=wait)
    Delivery.objects.all()._raw_delete("default")
    found = verdict_on(mail)
    assert (found.status, found.told) == ("on its way", True)
    expected = WAITS[wait] if wait else SENTENCES[Reason.DEFAULT]
    assert (found.sentence, found.setting) == expected


def test_everything_that_there_is_to_wait_for_has_a_sentence() -> None:
    assert WAITS.keys() == set(Wait) - {Wait.NOTHING}


def test_every_state_has_a_sentence(alice: Person) -> None:
    assert STATES.keys() == set(FURTHEST) == set(DeliveryState)


def test_of_several_endpoints_the_one_that_got_furthest_speaks(alice: Person) -> None:
    dead = mail_to(alice, state=DeliveryState.DEAD)
    sent = mail_to(alice, notifiable=dead.notifiable, endpoint="another")
    assert whereabouts("email", [dead, sent]) == of(sent)
    assert whereabouts("pigeon", [dead, sent]) is None


# In a word


def test_the_inbox_comes_before_what_was_sent(alice: Person) -> None:
    mail = mail_to(alice)
    outcomes = {"app": "created: default", "email": "planned: default"}
    assert str(gist(outcomes, [mail]).word) == "in your inbox; Email: sent"
    assert str(gist({"app": "skipped: default"} | {"email": "planned: default"}, [mail]).word) == "sent"


@pytest.mark.parametrize(
    ("fields", "word"),
    [
        ({"state": "held", "wait": Wait.HOURLY}, "in your inbox; Email: waits for a digest"),
        ({"state": "pending", "available_at": LATER}, "in your inbox; Email: waits"),
        ({"state": "retrying", "failed": 1}, "in your inbox; Email: being tried again"),
        ({"state": "dead"}, "in your inbox; Email: could not be sent"),
        (
            {"state": "skipped", "last_error": "skipped: endpoint suppressed"},
            "in your inbox; Email: not sent, address stopped",
        ),
    ],
)
def test_beside_the_inbox_the_mail_has_a_word(alice: Person, fields: dict[str, Any], word: str) -> None:
    found = gist({"app": "created: default", "email": "planned: default"}, [mail_to(alice, **fields)])
    assert (str(found.word), found.told) == (word, True)


@pytest.mark.parametrize(
    ("outcome", "word"),
    [
        ("skipped: no endpoint", "in your inbox; Email: not sent, no address"),
        ("skipped: endpoint suppressed", "in your inbox; Email: not sent, address stopped"),
        ("skipped: choice for this category", "in your inbox"),
        ("skipped: channel not configured", "in your inbox"),
    ],
)
def test_a_mail_that_was_never_made_has_one_if_it_had_nowhere_to_go(outcome: str, word: str) -> None:
    assert str(gist({"app": "created: default", "email": outcome}).word) == word


def test_what_was_planned_and_not_sent_was_not_told(alice: Person) -> None:
    mail = mail_to(alice, state=DeliveryState.SKIPPED, last_error="skipped: endpoint suppressed")
    found = gist({"app": "skipped: default", "email": "planned: default"}, [mail])
    assert (str(found.word), found.told) == ("address stopped", False)


# Queries


def test_the_messages_of_many_are_looked_up_at_once(
    alice: Person, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    digest_of(alice, *(mail_to(alice) for _ in range(5)))
    rows = list(NotifiableEvent.objects.all())
    with django_assert_num_queries(1):
        look_up(rows)
        assert [len(deliveries_of(row)) for row in rows] == [1] * 5
        assert all(explain(row).deliveries for row in rows)


def test_where_nothing_was_planned_nothing_is_looked_up(
    alice: Person, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    skipped = NotifiableEvent(person=alice, event_type="test.told", outcomes={"email": "skipped: default"})
    undecided = NotifiableEvent(person=alice, event_type="test.told")
    with django_assert_num_queries(0):
        look_up([skipped, undecided])
        assert not deliveries_of(skipped)
        assert not deliveries_of(undecided)


def test_the_time_of_a_message_is_the_persons_own(alice: Person) -> None:
    mail = mail_to(alice, sent_at=LATER)
    with timezone.override(ZoneInfo("Asia/Kathmandu")):
        assert "Jan. 1, 2033, 5:45 p.m." in of(mail).sentence
    assert timezone.now() - mail.created_at < timedelta(minutes=1)


# Paused

PAUSED = "Nothing is sent by Email at present, so it waits."


@pytest.mark.parametrize("fields", [{"state": "pending"}, {"state": "retrying", "failed": 1}])
def test_what_is_due_on_a_channel_that_is_paused_says_so_and_not_why(
    alice: Person, fields: dict[str, Any]
) -> None:
    mail = mail_to(alice, **fields)
    pauses.pause("email", "The server moves.", by_hand=True)
    found = verdict_on(mail)
    assert (found.status, found.told, found.setting) == ("waits", True, Setting.NOWHERE)
    assert str(found.sentence).startswith(PAUSED)
    assert "The server moves." not in str(found.sentence)
    pauses.resume("email")
    assert PAUSED not in str(verdict_on(mail).sentence)


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"state": "pending", "available_at": LATER},
        {"state": "dead"},
        {"state": "pending", "channel": "fax"},
    ],
)
def test_what_is_sent_or_not_due_or_on_another_channel_does_not_wait_for_that(
    alice: Person, fields: dict[str, Any]
) -> None:
    mail = mail_to(alice, **fields)
    pauses.pause("email", "The server moves.")
    assert PAUSED not in of(mail).sentence


def test_what_is_in_a_digest_that_waits_for_that_says_so(alice: Person) -> None:
    item = mail_to(alice, wait=Wait.DAILY)
    digest_of(alice, item, state="pending", sent_at=None)
    pauses.pause("email", "The server moves.")
    assert PAUSED in str(verdict_on(item).sentence)


def test_operators_are_told_why(alice: Person, capsys: pytest.CaptureFixture[str]) -> None:
    event_bus.publish(Told(people=[alice.pk]))
    drain("events")
    concerned = NotifiableEvent.objects.get()
    NotifiableEvent.objects.update(outcomes={"app": "created: default", "email": "planned: default"})
    mail_to(alice, state="pending", notifiable=concerned)
    pauses.pause("email", "The server moves.", by_hand=True)
    call_command("explain_notification", str(concerned.event_log_id), alice.username)
    said = capsys.readouterr().out
    assert PAUSED in said
    assert "waits: the channel is paused. The server moves." in said


def test_of_many_that_are_due_the_pauses_are_asked_for_once(
    alice: Person, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    digest_of(alice, *(mail_to(alice) for _ in range(3)), state="pending", sent_at=None)
    for _ in range(3):
        mail_to(alice, state="pending")
    rows = list(NotifiableEvent.objects.all())
    with django_assert_num_queries(2):
        look_up(rows)
        assert len([explain(row) for row in rows]) == 6


# What the workers leave, explained


def explained(person: Person) -> Verdict:
    """Return what is said of email to the person about the only event."""
    found = explain(NotifiableEvent.objects.get(person=person))
    return next(each for each in found.verdicts if each.channel == "email")


def told_in_a_digest(person: Person) -> None:
    """Publish something that is held for a digest which is due."""
    NotificationPreference.objects.create(person=person, category="test", digest="hourly")
    event_bus.publish(Told(people=[person.pk]), about="kite:1")
    drain("events")
    Delivery.objects.update(available_at=Now())


def read_it(person: Person) -> None:
    AppNotification.objects.all().mark_read()


def lose_the_address(person: Person) -> None:
    Person.objects.filter(pk=person.pk).update(email="")


def opt_out(person: Person) -> None:
    NotificationPreference.objects.update(type="apps")


def take_it_back(person: Person) -> None:
    retract("kite:1")


@pytest.mark.parametrize(
    ("meanwhile", "word", "said"),
    [
        (read_it, "already read", "You had read it in your inbox before it was sent."),
        (lose_the_address, "no address", "There is no address to reach you at."),
        (opt_out, "not chosen", "You chose so for this category."),
        (take_it_back, "taken back", "It was taken back by the one who published it."),
    ],
)
def test_what_was_in_a_digest_that_was_skipped_says_why(
    server: SmtpServer, alice: Person, meanwhile: Callable[[Person], None], word: str, said: str
) -> None:
    told_in_a_digest(alice)
    meanwhile(alice)
    drain("delivery")
    assert Delivery.objects.get(is_digest=True).state == "skipped"
    found = explained(alice)
    assert (found.status, found.word, found.told) == ("not sent", word, False)
    assert said in str(found.sentence)


def test_what_was_in_a_digest_that_died_was_not_sent(server: SmtpServer, alice: Person) -> None:
    server.refused[alice.email] = "550 5.1.1 No such user"
    told_in_a_digest(alice)
    drain("delivery")
    assert Delivery.objects.get(is_digest=True).state == "dead"
    found = explained(alice)
    assert (found.status, found.told) == ("could not be sent", False)
    assert "It became a part of a digest. It could not be sent" in str(found.sentence)
    assert "550" not in str(found.sentence)


def test_what_was_taken_back_while_its_digest_was_being_tried_says_so(
    server: SmtpServer, alice: Person
) -> None:
    server.at_data = "451 4.3.0 Full"
    told_in_a_digest(alice)
    drain("delivery")
    retract("kite:1")
    Delivery.objects.filter(finished_at=None).update(available_at=Now())
    drain("delivery")
    found = explained(alice)
    assert (found.word, found.told) == ("taken back", False)


def test_what_was_in_a_digest_that_is_sent_after_all_was_told(server: SmtpServer, alice: Person) -> None:
    server.refused[alice.email] = "554 5.6.0 No"
    told_in_a_digest(alice)
    drain("delivery")
    server.refused.clear()
    assert Delivery.objects.dead().requeue() == 1
    assert explained(alice).status == "on its way"
    drain("delivery")
    assert (explained(alice).word, len(server.received)) == ("sent in a digest", 1)
