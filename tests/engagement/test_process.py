"""One batch: who gets what, in few queries, with every outcome stored."""

import logging
from collections import Counter
from collections.abc import Callable
from datetime import time
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import translation
from django.utils.translation import gettext_lazy
from pytest_django import Settings

from capabilities.people.models import Person
from engagement.decide import Preset
from engagement.fanout import fan_out
from engagement.models import (
    AppNotification,
    AppNotificationTemplate,
    Mute,
    NotifiableEvent,
    NotificationBatch,
    NotificationPreference,
    NotificationSettings,
)
from engagement.notifier import Notifier
from engagement.process import process_batch
from events.bus import EventLog, InvalidEventType, event_bus
from events.drain import drain
from events.handle import attempt
from events.models import HandlerRun
from tests.conftest import make_people, make_person
from tests.engagement.samples import outcomes_of, planned, published
from tests.probe.events import Told, ToldBadly, ToldPersonally, Unheard

pytestmark = pytest.mark.django_db

Declare = Callable[..., Notifier[Unheard]]
WriteWording = Callable[[str, str], Path]
Type = NotificationPreference.Type


def tell(*people: Person, name: str = "Kite", actor: Person | None = None) -> None:
    """Tell these people, in the background as it were."""
    event_bus.publish(Told(people=[person.pk for person in people], name=name), actor=actor)
    drain()


def mixed_preferences(people: list[int]) -> None:
    """Give most of these people one preference, some two, and a tenth none."""
    kinds = [Type.APPS, Type.EMAIL, Type.BOTH, Type.NONE]
    NotificationPreference.objects.bulk_create(
        NotificationPreference(
            person_id=pk,
            type=kinds[number % 4],
            **({"category": "test"} if number % 3 else {"event_type": "test.told_personally"}),
        )
        for number, pk in enumerate(people)
        if number % 10
    )
    NotificationPreference.objects.bulk_create(
        NotificationPreference(person_id=pk, type=Type.NONE, category="test")
        for number, pk in enumerate(people)
        if number % 10 and number % 3 == 0
    )


def mixed_settings(people: list[int]) -> None:
    """Give them languages, time zones and quiet hours, and have some mute the kite."""
    NotificationSettings.objects.bulk_create(
        NotificationSettings(
            person_id=pk,
            language=["en", "de", ""][number % 3],
            time_zone=["", "Asia/Kathmandu", "America/New_York", "Europe/Berlin"][number % 4],
            quiet_from=time(22) if number % 5 else None,
            quiet_until=time(number % 7) if number % 5 else None,
        )
        for number, pk in enumerate(people)
    )
    Mute.objects.bulk_create(Mute(person_id=pk, about="kite:1") for pk in people[::50])


def test_a_batch_of_a_thousand_with_everything_mixed_takes_ten_queries_and_one_for_each_combination() -> None:
    people = make_people(1_000)
    mixed_preferences(people)
    mixed_settings(people)
    planned(published(ToldPersonally(people=people), about="kite:1"), people, "probe.ToldPersonallyNotifier")
    with CaptureQueriesContext(connection) as captured:
        (claimed,) = NotificationBatch.claim(1)
        attempt(claimed)
    statements = [
        each["sql"] for each in captured if not each["sql"].startswith(("SAVEPOINT", "RELEASE SAVEPOINT"))
    ]
    updates = [each for each in statements if "UPDATE engagement_notifiableevent" in each]
    combinations = set(map(str, NotifiableEvent.objects.values_list("outcomes", flat=True)))
    assert len(combinations) >= 5
    assert len(updates) == len(combinations)
    assert len(statements) - len(updates) <= 10, statements
    batch = NotificationBatch.objects.get()
    assert batch.state == "succeeded"
    assert batch.created + batch.skipped == batch.recipients == 1_000
    assert batch.created == AppNotification.objects.count() > 0


def test_everybody_ends_with_one_outcome_on_every_channel() -> None:
    people = make_people(200)
    mixed_preferences(people)
    event_bus.publish(ToldPersonally(people=people))
    drain()
    outcomes: list[Any] = list(NotifiableEvent.objects.values_list("outcomes", flat=True))
    assert len(outcomes) == 200
    assert {tuple(sorted(each)) for each in outcomes} == {("app", "email")}
    created = Counter(each["app"].partition(":")[0] for each in outcomes)
    assert created["created"] == AppNotification.objects.count()
    assert set(created) == {"created", "skipped"}


def test_who_chose_nothing_gets_the_default_and_is_told_why_no_mail(
    alice: Person, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "engagement.process")
    tell(alice)
    assert outcomes_of(alice) == {"app": "created: default", "email": "skipped: channel not configured"}
    assert "test.told: 1 notified on at least one channel, 0 on none" in caplog.text
    assert "1 had chosen nothing" in caplog.text


def test_that_nobody_chose_is_logged_once_for_a_batch(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "engagement.process")
    event_bus.publish(Told(people=make_people(50)))
    drain()
    assert [each.message for each in caplog.records if "chosen nothing" in each.message] == [
        (
            "test.told: 50 notified on at least one channel, 0 on none, 0 with the fallback text; "
            "50 had chosen nothing."
        )
    ]


CHOSEN = [
    (Type.APPS, "created: choice for this event type", "skipped: choice for this event type"),
    (Type.EMAIL, "skipped: choice for this event type", "skipped: channel not configured"),
    (Type.BOTH, "created: choice for this event type", "skipped: channel not configured"),
    (Type.NONE, "skipped: choice for this event type", "skipped: choice for this event type"),
]


@pytest.mark.parametrize(("kind", "app", "email"), CHOSEN)
def test_a_choice_for_the_event_type_is_followed(alice: Person, kind: Preset, app: str, email: str) -> None:
    NotificationPreference.objects.create(person=alice, event_type="test.told", type=kind)
    NotificationPreference.objects.create(person=alice, category="test", type=Type.NONE)
    tell(alice)
    assert outcomes_of(alice) == {"app": app, "email": email}
    assert AppNotification.objects.exists() == app.startswith("created")


@pytest.mark.parametrize(("kind", "app", "email"), CHOSEN)
def test_a_choice_for_the_category_is_followed(alice: Person, kind: Preset, app: str, email: str) -> None:
    NotificationPreference.objects.create(person=alice, category="test", type=kind)
    tell(alice)
    assert outcomes_of(alice) == {
        "app": app.replace("event type", "category"),
        "email": email.replace("event type", "category"),
    }


def test_choices_for_other_things_and_of_other_people_do_not_matter(alice: Person, bob: Person) -> None:
    for person, chosen in ((alice, {"event_type": "test.pinged"}), (alice, {"category": "product"})):
        NotificationPreference.objects.create(person=person, type=Type.NONE, **chosen)
    NotificationPreference.objects.create(person=bob, event_type="test.told", type=Type.NONE)
    tell(alice, bob)
    assert outcomes_of(alice)["app"] == "created: default"
    assert outcomes_of(bob)["app"] == "skipped: choice for this event type"


def test_a_choice_for_the_notifiers_own_category_counts(declare: Declare, alice: Person) -> None:
    declare(lambda: [alice], category="marketing")
    NotificationPreference.objects.create(person=alice, category="marketing", type=Type.NONE)
    fan_out(published(Unheard()))
    assert outcomes_of(alice)["app"] == "skipped: choice for this category"


def test_the_actor_does_not_hear_of_their_own_act(alice: Person, bob: Person) -> None:
    tell(alice, bob, actor=alice)
    assert outcomes_of(alice) == {"app": "skipped: own act", "email": "skipped: own act"}
    assert [each.person for each in AppNotification.objects.all()] == [bob]


def test_the_actor_hears_of_it_if_the_notifier_says_so(declare: Declare, alice: Person) -> None:
    declare(lambda: [alice], notify_actor=True)
    fan_out(published(Unheard(), actor=alice))
    assert outcomes_of(alice)["app"] == "created: default"


def test_an_inactive_account_is_skipped(alice: Person) -> None:
    sleeper = make_person("sleeper", is_active=False)
    tell(alice, sleeper)
    assert set(outcomes_of(sleeper).values()) == {"skipped: account inactive"}
    assert outcomes_of(alice)["app"] == "created: default"


def test_who_was_deleted_since_is_skipped(alice: Person) -> None:
    gone = alice.pk + 1_000_000
    batch = planned(published(Told(people=[])), [gone, alice.pk])
    process_batch(batch)
    batch.refresh_from_db()
    assert set(outcomes_of(gone).values()) == {"skipped: person deleted"}
    assert (batch.created, batch.skipped) == (1, 1)
    assert [each.person_id for each in AppNotification.objects.all()] == [alice.pk]


def test_deleting_a_person_deletes_what_concerned_them(alice: Person, bob: Person) -> None:
    tell(alice, bob)
    alice.delete()
    assert NotifiableEvent.objects.count() == AppNotification.objects.count() == 1


def test_counts_add_up_to_the_recipients(alice: Person, bob: Person, carol: Person) -> None:
    NotificationPreference.objects.create(person=bob, category="test", type=Type.EMAIL)
    gone = carol.pk + 1_000_000
    batch = planned(published(Told(people=[]), actor=carol), [alice.pk, bob.pk, carol.pk, gone])
    process_batch(batch)
    batch.refresh_from_db()
    assert (batch.recipients, batch.created, batch.skipped, batch.fallbacks) == (4, 1, 3, 0)


def test_a_wording_may_name_each_person(alice: Person, bob: Person) -> None:
    nameless = make_person("nameless")
    event_bus.publish(ToldPersonally(people=[alice.pk, bob.pk, nameless.pk]))
    drain()
    assert dict(AppNotification.objects.values_list("person__username", "title")) == {
        "alice": "Alice Arden, Kite was told",
        "bob": "Bob Byrne, Kite was told",
        "nameless": "nameless, Kite was told",
    }


def test_all_that_the_inbox_shows_is_on_the_row(alice: Person, settings: Settings) -> None:
    settings.ENGAGEMENT_SITE_NAME = "Kite Works"
    event_bus.publish(Told(people=[alice.pk], name="Kite", url="/products/3/"), about="kite:3")
    drain()
    row = AppNotification.objects.get()
    assert (row.title, row.message) == (
        "Kite was told",
        "See /products/3/ at Kite Works, because you are on the list.",
    )
    assert (row.url, row.reason, row.about) == ("/products/3/", "you are on the list", "kite:3")
    assert (row.event_type, row.category, row.is_read) == ("test.told", "test", False)
    assert row.event.person == row.person == alice


def test_without_a_wording_people_get_a_fallback_that_is_counted(
    alice: Person, bob: Person, caplog: pytest.LogCaptureFixture
) -> None:
    event_bus.publish(ToldBadly(people=[alice.pk, bob.pk], url="/products/9/"))
    drain()
    assert set(AppNotification.objects.values_list("title", "message", "url")) == {
        ("Told badly", "", "/products/9/")
    }
    assert NotificationBatch.objects.get().fallbacks == 2
    assert "There is no wording of test.told_badly for app" in caplog.text


def test_a_wording_in_the_database_goes_before_the_file(alice: Person) -> None:
    AppNotificationTemplate.objects.create(event_type="test.told", title_template="Look, {{ name }}!")
    tell(alice)
    assert AppNotification.objects.get().title == "Look, Kite!"


BROKEN = [
    "{% if name %}",
    "{% for a in b %}",
    "{{ colour }}",
    "{{ name.upper }}",
    "{% load i18n %}",
    "{{ name|safe }}",
]


@pytest.mark.parametrize("title", BROKEN)
def test_a_wording_that_has_become_wrong_gives_the_fallback(alice: Person, title: str) -> None:
    template = AppNotificationTemplate.objects.create(event_type="test.told", title_template="{{ name }}")
    AppNotificationTemplate.objects.filter(pk=template.pk).update(title_template=title)
    tell(alice)
    assert AppNotification.objects.get().title == "Told"
    assert NotificationBatch.objects.get().fallbacks == 1


FAILING = [
    ("{{ name|floatformat:name }}", "a filter that cannot take the value"),
    ("{{ name|yesno:5 }}", "yesno with a number"),
    ("{{ people|join:5 }}", "join with a number"),
    ("{% if name %}" * 100 + "x" + "{% endif %}" * 100, "nested too deeply"),
]


@pytest.mark.parametrize(("message", "what"), FAILING)
def test_a_wording_that_fails_on_the_values_gives_the_fallback(
    alice: Person, message: str, what: str
) -> None:
    template = AppNotificationTemplate.objects.create(event_type="test.told", title_template="{{ name }}")
    AppNotificationTemplate.objects.filter(pk=template.pk).update(message_template=message)
    tell(alice)
    assert NotificationBatch.objects.get().state == "succeeded", what
    assert AppNotification.objects.get().title == "Told"
    assert NotificationBatch.objects.get().fallbacks == 1


HOSTILE = {
    "HTML": "<script>alert(1)</script>&amp;",
    "a template": "{{ url }}{% include '/etc/passwd' %}",
    "format strings": "{0.__class__} %s %(name)s %d {name!r}",
    "SQL": "'; DROP TABLE engagement_appnotification; --",
    "quotes and backslashes": "\\' \" \\\\ E'\\x00'",
    "other scripts": "مرحبا 你好 👩‍👩‍👧 \u202egnitide",
    "a megabyte": "x" * 1_000_000,
    "a megabyte without Latin": "雪" * 350_000,
    "control characters": "\x01\x02\x1b[31m\x7f",
    "a byte order mark": "\ufeffKite",
}


@pytest.mark.parametrize("name", HOSTILE.values(), ids=HOSTILE)
@pytest.mark.parametrize("event", [Told, ToldPersonally], ids=["same", "personal"])
def test_a_hostile_value_is_shown_as_it_is(
    alice: Person, event: type[Told] | type[ToldPersonally], name: str
) -> None:
    event_bus.publish(event(people=[alice.pk], name=name))
    drain()
    title = AppNotification.objects.get().title
    assert len(title) <= 400
    assert name[:100].strip() in title
    assert NotificationBatch.objects.get().fallbacks == 0


def test_a_hostile_name_of_a_person_is_shown_as_it_is() -> None:
    eve = make_person("eve", first_name="<b>{{ url }}", last_name="{0.__class__}%s")
    event_bus.publish(ToldPersonally(people=[eve.pk]))
    drain()
    assert AppNotification.objects.get().title == "<b>{{ url }} {0.__class__}%s, Kite was told"


COMBINING = {
    "many marks on one letter": "Z" + "\u0316" * 1_000,
    "letters that normalise to two": "\u0344" * 390,
}


@pytest.mark.parametrize("name", COMBINING.values(), ids=COMBINING)
def test_combining_characters_do_not_make_a_title_too_long(alice: Person, name: str) -> None:
    tell(alice, name=name + " kite" * 20)
    assert NotificationBatch.objects.get().state == "succeeded"
    assert len(AppNotification.objects.get().title) <= 400


def test_a_title_is_one_line(alice: Person) -> None:
    tell(alice, name="  Kite\r\n\tand\u2028 string ")
    assert AppNotification.objects.get().title == "Kite and string was told"


def test_long_texts_are_shortened_to_what_the_inbox_holds(alice: Person) -> None:
    AppNotificationTemplate.objects.create(
        event_type="test.told", title_template="{{ name }}", message_template="{{ name }}"
    )
    tell(alice, name="x" * 4_001)
    row = AppNotification.objects.get()
    assert (len(row.title), len(row.message)) == (400, 4_000)
    assert row.title == "x" * 399 + "…"
    assert row.message.endswith("x…")


def test_texts_that_just_fit_are_left_alone(alice: Person) -> None:
    AppNotificationTemplate.objects.create(event_type="test.told", title_template="{{ name }}")
    tell(alice, name="x" * 400)
    assert AppNotification.objects.get().title == "x" * 400


def test_a_very_long_url_does_not_cost_people_their_notification(alice: Person) -> None:
    event_bus.publish(Told(people=[alice.pk], url="/products/?" + "x" * 2_000))
    drain()
    assert AppNotification.objects.filter(person=alice).exists()


def test_a_long_reason_is_shortened(declare: Declare, alice: Person) -> None:
    declare(lambda: [alice], reason="you " + "really " * 50 + "asked")
    fan_out(published(Unheard()))
    assert AppNotification.objects.get(person=alice).reason.endswith("…")


def test_a_category_that_is_too_long_is_refused_when_it_is_declared(declare: Declare) -> None:
    with pytest.raises(InvalidEventType, match="longer than 50 characters"):
        declare(list, category="x" * 51)


def test_a_nul_in_a_wording_does_not_cost_people_their_notification(
    alice: Person, write_wording: WriteWording
) -> None:
    write_wording("test.told", '[en.app]\ntitle = "Kite\\u0000 was told"\n')
    tell(alice)
    assert AppNotification.objects.filter(person=alice).exists()


def test_people_read_the_installations_language_whoever_published(declare: Declare, alice: Person) -> None:
    declare(lambda: [alice], reason=gettext_lazy("Yes"))
    with translation.override("de"):
        fan_out(published(Unheard()))
    assert AppNotification.objects.get().reason == "Yes"


def test_processing_a_batch_twice_creates_nothing_twice(alice: Person, bob: Person) -> None:
    batch = planned(published(Told(people=[])), [alice.pk, bob.pk])
    process_batch(batch)
    before = [*NotifiableEvent.objects.values(), *AppNotification.objects.values()]
    process_batch(batch)
    assert [*NotifiableEvent.objects.values(), *AppNotification.objects.values()] == before


def test_processing_a_batch_twice_keeps_its_counts(alice: Person, bob: Person) -> None:
    batch = planned(published(Told(people=[])), [alice.pk, bob.pk])
    process_batch(batch)
    NotificationBatch.objects.filter(pk=batch.pk).update(state="succeeded", finished_at=batch.created_at)
    NotificationBatch.objects.requeue()
    drain()
    batch.refresh_from_db()
    assert (batch.recipients, batch.created + batch.skipped) == (2, 2)


def test_a_batch_leaves_other_events_alone(alice: Person, bob: Person) -> None:
    mine, other = published(Told(people=[])), published(Told(people=[], name="Other"))
    first = NotifiableEvent.objects.create(
        event_log_id=mine.envelope.id, person=alice, event_type="test.told", notifier="probe.ToldNotifier"
    )
    between = NotifiableEvent.objects.create(
        event_log_id=other.envelope.id, person=alice, event_type="test.told"
    )
    batch = planned(mine, [bob.pk])
    batch.first_id = first.pk
    process_batch(batch)
    between.refresh_from_db()
    assert between.outcomes is None
    assert AppNotification.objects.count() == 2


def test_a_batch_leaves_rows_of_another_notifier_alone(declare: Declare, alice: Person, bob: Person) -> None:
    declare(lambda: [alice], "Other")
    event = published(Told(people=[]))
    other = NotifiableEvent.objects.create(
        event_log_id=event.envelope.id, person=alice, event_type="test.told", notifier="own.Other"
    )
    batch = planned(event, [bob.pk])
    batch.first_id = other.pk
    process_batch(batch)
    other.refresh_from_db()
    assert other.outcomes is None


def test_a_batch_of_a_notifier_that_is_not_known_yet_waits(alice: Person) -> None:
    batch = planned(published(Told(people=[])), [alice.pk], "shop.SoldNotifier")
    drain()
    batch.refresh_from_db()
    assert (batch.state, batch.failed) == ("retrying", 0)
    assert "shop.SoldNotifier" in batch.last_error


def test_a_batch_whose_event_is_gone_is_cancelled(alice: Person) -> None:
    batch = planned(published(Told(people=[])), [alice.pk])
    HandlerRun.objects.all().delete()
    EventLog.objects.all().delete()
    drain()
    batch.refresh_from_db()
    assert (batch.state, batch.last_error) == ("cancelled", "The event is gone.")
