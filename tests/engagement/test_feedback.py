"""What a provider tells of a message afterwards."""

import logging

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from capabilities.people.models import Person
from engagement.channels.email import channel
from engagement.choices import Scope
from engagement.decide import Preset
from engagement.feedback import Signal, received
from engagement.models import Cause, Delivery, Suppression
from engagement.models.delivery_states import Feedback
from engagement.preferences import choose, sections
from engagement.suppress import is_suppressed, lift
from events.sql import fetch
from tests.engagement.mails import digest_of, mail_to

pytestmark = pytest.mark.django_db

#: Ours, and no longer kept.
GONE = "<msg_long_ago@carillon.example>"


@pytest.fixture(autouse=True)
def base_url(settings: Settings) -> None:
    settings.ENGAGEMENT_BASE_URL = "https://carillon.example"


@pytest.fixture
def mail(alice: Person) -> Delivery:
    return mail_to(alice, provider_id="883953f4")


def feedback_of(mail: Delivery) -> str:
    return Delivery.objects.get(pk=mail.pk).feedback


def emails_wanted(person: Person) -> dict[str, bool | None]:
    """Return by category whether the person wants mails; None where nothing was chosen."""
    return {each.line.scope.category: each.line.chosen.says("email") for each in sections(person)}


@pytest.mark.parametrize(
    ("kind", "feedback", "cause"),
    [
        ("delivered", Feedback.DELIVERED, None),
        ("bounced", Feedback.BOUNCED, Cause.BOUNCE),
        ("failed", Feedback.FAILED, None),
        ("complained", Feedback.COMPLAINED, Cause.COMPLAINT),
        ("deferred", Feedback.NONE, None),
        ("opened", Feedback.NONE, None),
        ("", Feedback.NONE, None),
    ],
)
def test_a_signal_is_noted_on_the_mail_and_what_must_not_be_used_is_suppressed(
    mail: Delivery, kind: str, feedback: Feedback, cause: Cause | None
) -> None:
    received(kind, message_id=mail.message_id, address=mail.endpoint, detail="550 No such user")
    mail.refresh_from_db()
    assert mail.feedback == feedback
    assert (mail.feedback_at is not None) == (feedback != Feedback.NONE)
    causes = list(Suppression.objects.values_list("endpoint", "cause", "reason"))
    assert causes == ([(mail.endpoint, cause, "550 No such user")] if cause else [])


def test_a_mail_is_found_by_the_id_that_the_provider_gave_it(mail: Delivery) -> None:
    received("delivered", provider_id="883953f4")
    assert feedback_of(mail) == Feedback.DELIVERED


def test_our_own_id_is_asked_first(mail: Delivery, alice: Person) -> None:
    other = mail_to(alice)
    received("delivered", message_id=other.message_id, provider_id="883953f4")
    assert (feedback_of(other), feedback_of(mail)) == (Feedback.DELIVERED, Feedback.NONE)


@pytest.mark.parametrize(
    ("first", "then", "kept"),
    [
        ("delivered", "bounced", Feedback.BOUNCED),
        ("bounced", "delivered", Feedback.BOUNCED),
        ("complained", "delivered", Feedback.COMPLAINED),
        ("complained", "bounced", Feedback.COMPLAINED),
        ("bounced", "complained", Feedback.COMPLAINED),
        ("delivered", "complained", Feedback.COMPLAINED),
        ("delivered", "failed", Feedback.FAILED),
        ("failed", "delivered", Feedback.FAILED),
        ("failed", "unsubscribed", Feedback.UNSUBSCRIBED),
        ("unsubscribed", "failed", Feedback.UNSUBSCRIBED),
        ("unsubscribed", "bounced", Feedback.BOUNCED),
        ("failed", "bounced", Feedback.BOUNCED),
        ("bounced", "failed", Feedback.BOUNCED),
        ("delivered", "deferred", Feedback.DELIVERED),
    ],
)
def test_what_is_worse_is_kept_in_whatever_order_it_is_told(
    mail: Delivery, first: str, then: str, kept: Feedback
) -> None:
    for kind in (first, then):
        received(kind, message_id=mail.message_id, address=mail.endpoint)
    assert feedback_of(mail) == kept


def test_an_address_is_suppressed_though_its_mail_had_bounced_softly_before(mail: Delivery) -> None:
    received("failed", message_id=mail.message_id, address=mail.endpoint)
    assert not Suppression.objects.exists()
    received("bounced", message_id=mail.message_id, address=mail.endpoint)
    assert is_suppressed("email", mail.endpoint)


@pytest.mark.parametrize("kind", ["delivered", "failed", "bounced", "complained"])
def test_a_signal_that_comes_again_changes_nothing(mail: Delivery, kind: str) -> None:
    received(kind, message_id=mail.message_id, address=mail.endpoint)
    mail.refresh_from_db()
    lift("email", mail.endpoint)
    received(kind, message_id=mail.message_id, address=mail.endpoint)
    assert Delivery.objects.get(pk=mail.pk).feedback_at == mail.feedback_at
    assert not is_suppressed("email", mail.endpoint)


def test_an_address_is_suppressed_also_when_the_mail_is_no_longer_kept() -> None:
    received("bounced", message_id=GONE, address="Bounced@Kites.example")
    assert is_suppressed("email", "bounced@kites.example")


def test_an_address_to_which_the_mail_was_forwarded_is_not_suppressed(mail: Delivery) -> None:
    received("bounced", message_id=mail.message_id, address="somebody@else.example")
    assert feedback_of(mail) == Feedback.BOUNCED
    assert not Suppression.objects.exists()


def test_the_address_of_the_mail_is_meant_where_none_is_told(mail: Delivery) -> None:
    received("bounced", message_id=mail.message_id)
    assert is_suppressed("email", mail.endpoint)


@pytest.mark.parametrize(
    "stored", ["alice@müller.example", "alice@xn--mller-kva.example", "Alice@MÜLLER.example"]
)
@pytest.mark.parametrize("told", ["alice@müller.example", "ALICE@XN--MLLER-KVA.EXAMPLE"])
def test_an_address_is_the_same_with_its_domain_in_ascii(alice: Person, stored: str, told: str) -> None:
    Person.objects.filter(pk=alice.pk).update(email=stored)
    mail = mail_to(alice, endpoint=stored)
    received("bounced", message_id=mail.message_id, address=told)
    assert is_suppressed("email", stored)
    assert is_left_alone(alice)


@pytest.mark.parametrize("told", ["alice@müller.example", "ALICE@XN--MLLER-KVA.EXAMPLE"])
@pytest.mark.parametrize("stored", ["alice@müller.example", "alice@xn--mller-kva.example"])
def test_nor_is_it_used_when_the_mail_is_no_longer_kept(alice: Person, stored: str, told: str) -> None:
    Person.objects.filter(pk=alice.pk).update(email=stored)
    received("bounced", message_id=GONE, address=told)
    assert is_left_alone(alice)


def is_left_alone(person: Person) -> bool:
    """Tell whether the query that decides takes the person's address for suppressed."""
    table = connection.ops.quote_name(Person._meta.db_table)
    ((found,),) = fetch(
        f"SELECT {channel.suppressed_sql('person')} FROM {table} person WHERE person.id = %s", [person.pk]
    )
    return bool(found)


def test_an_address_is_the_same_in_capitals(mail: Delivery) -> None:
    received("bounced", message_id=mail.message_id, address=mail.endpoint.upper())
    assert is_suppressed("email", mail.endpoint)


@pytest.mark.parametrize("kind", Signal)
@pytest.mark.parametrize(
    "message_id", ["", "<msg_1@somebody.else.example>", "<msg_1@not-carillon.example>", "\0", "x" * 5_000]
)
def test_of_a_mail_of_somebody_else_nothing_is_taken_note(
    mail: Delivery, kind: Signal, message_id: str
) -> None:
    received(kind, message_id=message_id, provider_id="other", address=mail.endpoint)
    assert feedback_of(mail) == Feedback.NONE
    assert not Suppression.objects.exists()


def test_a_mail_is_found_by_index_however_many_there_are(mail: Delivery) -> None:
    with CaptureQueriesContext(connection) as captured:
        received("delivered", message_id="<nobody@else.example>", provider_id="nothing")
    looked = [each["sql"] for each in captured if each["sql"].startswith("SELECT")]
    assert len(looked) == 2
    assert not any("ORDER BY" in each for each in looked)


def test_the_log_does_not_say_whose_address_it_was(mail: Delivery, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "engagement"):
        received("bounced", message_id=mail.message_id, address=mail.endpoint, detail=f"<{mail.endpoint}>")
    assert "a…@kiteworks.example" in caplog.text
    assert mail.endpoint not in caplog.text


# Unsubscribed


def test_who_unsubscribes_at_the_provider_gets_no_more_mails_of_the_category(mail: Delivery) -> None:
    received("unsubscribed", message_id=mail.message_id, address=mail.endpoint)
    assert feedback_of(mail) == Feedback.UNSUBSCRIBED
    assert emails_wanted(mail.person) == {"product": None, "test": False}


def test_who_unsubscribes_from_a_digest_gets_no_more_mails_of_all_that_was_in_it(alice: Person) -> None:
    items = [mail_to(alice), mail_to(alice, category="product"), mail_to(alice, category="")]
    digest = digest_of(alice, *items)
    received("unsubscribed", message_id=digest.message_id, address=digest.endpoint)
    assert emails_wanted(alice) == {"product": False, "test": False}


def test_who_has_chosen_anew_is_not_unsubscribed_by_the_same_signal(mail: Delivery, alice: Person) -> None:
    received("unsubscribed", message_id=mail.message_id)
    choose(alice, Scope(category="test"), Preset.BOTH)
    received("unsubscribed", message_id=mail.message_id)
    assert emails_wanted(alice)["test"] is True


def test_somebody_else_cannot_unsubscribe_them(mail: Delivery, alice: Person) -> None:
    received("unsubscribed", message_id=mail.message_id, address="somebody@else.example")
    assert emails_wanted(alice)["test"] is None


def test_of_what_a_mail_was_that_is_no_longer_kept_nobody_knows(alice: Person) -> None:
    received("unsubscribed", message_id=GONE, address=alice.email)
    assert emails_wanted(alice)["test"] is None
    assert not Suppression.objects.exists()


def test_a_person_who_is_gone_needs_not_to_be_unsubscribed(mail: Delivery) -> None:
    Person.objects.filter(pk=mail.person_id)._raw_delete("default")
    received("unsubscribed", message_id=mail.message_id, address=mail.endpoint)
    assert feedback_of(mail) == Feedback.UNSUBSCRIBED


def test_if_it_fails_nothing_is_noted_so_that_it_can_come_again(
    mail: Delivery, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engagement.feedback.suppress", lambda *args: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        received("bounced", message_id=mail.message_id, address=mail.endpoint)
    assert feedback_of(mail) == Feedback.NONE
