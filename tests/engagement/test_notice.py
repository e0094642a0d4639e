"""What is the same for everybody who hears of an event."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from capabilities.people.models import Person
from engagement.decide import Digest, Policy
from engagement.models import NotifiableEvent
from engagement.notice import notice_by_hand, notice_of, policy_of, retention
from engagement.notifier import Notifier
from engagement.registry import notifiers
from engagement.rules import Rules
from events.bus import UnknownEventType
from tests.engagement.samples import TOLD, published
from tests.probe.events import Told, Unheard

pytestmark = pytest.mark.django_db

Declare = Callable[..., Notifier[Unheard]]


def test_a_notice_says_what_its_notifier_says(alice: Person) -> None:
    event = published(Told(people=[1], name="Kite", url="/k/"), actor=alice, about="kite:1")
    notice = notice_of(notifiers[TOLD], event)
    assert (notice.event_type, notice.slug, notice.category) == ("test.told", "test.told", "test")
    assert (notice.policy.defaults, notice.reason) == (("app", "email"), "you are on the list")
    assert (notice.url, notice.about, notice.actor_id) == ("/k/", "kite:1", alice.pk)
    assert notice.policy.notify_actor is False
    assert notice.params == {"people": [1], "name": "Kite", "url": "/k/"}


def test_a_notifier_decides_what_is_its_own(declare: Declare) -> None:
    declare(
        list,
        slug="own.slug",
        category="marketing",
        channels=("app",),
        notify_actor=True,
        retention=timedelta(days=9),
        url=lambda self, event: "/own/",
    )
    notice = notice_of(notifiers["own.Listener"], published(Unheard()))
    assert (notice.slug, notice.category, notice.policy.defaults) == ("own.slug", "marketing", ("app",))
    assert (notice.policy.notify_actor, notice.url) == (True, "/own/")
    assert retention(notifiers["own.Listener"], Rules()) == timedelta(days=9)


def test_a_notifier_says_whether_its_mails_wait(declare: Declare) -> None:
    quarter = timedelta(minutes=15)
    policy = policy_of(declare(list, digest=Digest.DAILY, email_delay=quarter), Rules())
    assert (policy.digest, policy.email_delay) == (Digest.DAILY, quarter)


def test_without_a_notifier_nothing_waits() -> None:
    assert policy_of(None, Rules(), named=True) == Policy(defaults=("app",), notify_actor=True)


def by_hand(person: Person, event_type: str = "test.told", **fields: object) -> NotifiableEvent:
    return NotifiableEvent.objects.create(person=person, event_type=event_type, **fields)


def test_by_hand_the_parameters_are_the_rows_own(alice: Person) -> None:
    notice = notice_by_hand(by_hand(alice, params={"people": [], "name": "Kite", "url": "/k/"}))
    assert (notice.slug, notice.category, notice.reason) == ("test.told", "test", "you are on the list")
    assert (notice.url, notice.params["name"], notice.actor_id) == ("/k/", "Kite", None)


def test_by_hand_the_event_types_defaults_are_filled_in(alice: Person) -> None:
    assert notice_by_hand(by_hand(alice, params={"people": []})).params == {
        "people": [],
        "name": "Kite",
        "url": "/products/1/",
    }


def test_by_hand_wrong_parameters_are_taken_as_they_are(
    alice: Person, caplog: pytest.LogCaptureFixture
) -> None:
    notice = notice_by_hand(by_hand(alice, params={"name": 3}))
    assert notice.params == {"name": 3}
    assert "test.told for person" in caplog.text


def test_by_hand_an_event_type_without_a_notifier_will_do(alice: Person) -> None:
    notice = notice_by_hand(by_hand(alice, "test.pinged", params={"note": "x"}))
    assert (notice.slug, notice.category, notice.policy.defaults) == ("test.pinged", "test", ("app",))
    assert (notice.reason, notice.params["note"]) == ("", "x")


def test_by_hand_an_event_of_the_log_is_told_by_its_notifier(alice: Person) -> None:
    event = published(Told(people=[], name="Logged"), actor=alice, about="kite:1")
    found = by_hand(alice, event_log_id=event.envelope.id, notifier=TOLD)
    notice = notice_by_hand(found)
    assert (notice.params["name"], notice.about, notice.actor_id) == ("Logged", "kite:1", alice.pk)


def test_by_hand_an_unknown_event_type_is_refused(alice: Person) -> None:
    with pytest.raises(UnknownEventType, match=r"Did you mean .*test\.told"):
        notice_by_hand(by_hand(alice, "test.tolt"))


@pytest.mark.parametrize("params", [[1, 2], "text", 3])
def test_by_hand_parameters_that_are_no_object_are_wrong_parameters(alice: Person, params: object) -> None:
    assert notice_by_hand(by_hand(alice, params=params)).event_type == "test.told"


def test_by_hand_the_notifier_says_where_it_leads(declare: Declare, alice: Person) -> None:
    declare(list, url=lambda self, event: "/own/")
    assert notice_by_hand(by_hand(alice, "test.unheard", params={})).url == "/own/"


def test_by_hand_a_wrong_secret_is_not_logged(alice: Person, caplog: pytest.LogCaptureFixture) -> None:
    notice_by_hand(by_hand(alice, "test.whispered", params={"code": 424242}))
    assert "test.whispered" in caplog.text
    assert "424242" not in caplog.text
