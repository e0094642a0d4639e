"""What concerned a person, and why they were notified of it, or were not."""

import html
import re
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from pytest_django import DjangoAssertNumQueries

from capabilities.people.models import Person
from engagement.choices import Scope
from engagement.decide import Preset
from engagement.models import AppNotification, Cause, Mute, NotifiableEvent, NotificationRule
from engagement.preferences import choose, set_settings
from engagement.suppress import suppress
from events.bus import EventLog, EventTypes, event_bus
from events.testing import work_off
from tests.engagement.mails import digest_of, mail_to
from tests.engagement.samples import notified
from tests.probe.events import Told

pytestmark = pytest.mark.django_db

PAGE = "/inbox/activity/"


def told(*people: Person, about: str = "", **fields: Any) -> None:
    event_bus.publish(Told(people=[person.pk for person in people], **fields), about=about or None)
    work_off()


def text_of(answer: Any) -> str:
    return html.unescape(answer.content.decode())


def why(page: Client, person: Person) -> str:
    """Return the explanation of the only event that concerned the person."""
    return text_of(page.get(f"{PAGE}{NotifiableEvent.objects.get(person=person).pk}/"))


def links(text: str) -> list[str]:
    """Return where the verdicts lead."""
    table = re.search(r'<table class="verdicts">.*?</table>', text, re.DOTALL)
    assert table
    return re.findall(r'<a href="([^"]*)">', table[0])


# The list


def test_what_was_told_and_what_was_not_are_listed_newest_first(
    page: Client, alice: Person, bob: Person
) -> None:
    told(alice)
    Mute.objects.create(person=alice, about="product_management.product:7")
    told(alice, about="product_management.product:7")
    told(bob, name="private")
    text = text_of(page.get(PAGE))
    assert re.findall(r'<span class="outcome.*?">(.*?)</span>', text) == ["muted", "in your inbox"]
    assert "product 7" in text
    assert "private" not in text


def test_each_leads_to_its_explanation(page: Client, alice: Person) -> None:
    told(alice)
    number = NotifiableEvent.objects.get().pk
    assert f'<a href="/inbox/activity/{number}/">Kite was told</a>' in text_of(page.get(PAGE))


def test_moments_are_in_the_time_of_the_person(page: Client, alice: Person) -> None:
    notified(alice)
    NotifiableEvent.objects.update(created_at="2026-01-01T18:15Z")
    set_settings(alice, time_zone="Asia/Kathmandu")
    assert "Jan. 2, 2026, midnight" in text_of(page.get(PAGE))


def test_older_ones_are_a_page_away(page: Client, alice: Person) -> None:
    NotifiableEvent.objects.bulk_create(
        NotifiableEvent(person=alice, event_type="test.told", event_log_id=number or None)
        for number in [*range(1, 71), *[0] * 50]
    )
    seen, place = set(), PAGE
    for _page in range(3):
        text = text_of(page.get(place))
        seen |= set(re.findall(r'href="/inbox/activity/(\d+)/"', text))
        older = re.search(r'<a href="(\?before=[^"]*)">Older', text)
        place = PAGE + older[1] if older else ""
    assert (len(seen), place) == (120, "")


@pytest.mark.parametrize("before", ["x", "-1", "1.2.3", "9" * 99, "٣", ".", "'", "\x00"])
def test_junk_in_the_address_does_no_harm(page: Client, alice: Person, before: str) -> None:
    told(alice)
    assert page.get(PAGE, {"before": before}).status_code == 200


def test_an_empty_list_says_so(page: Client) -> None:
    assert "Nothing has concerned you lately." in text_of(page.get(PAGE))
    assert "There is nothing older." in text_of(page.get(PAGE, {"before": "1.1"}))


def test_the_number_of_queries_is_the_same_however_much_there_is(
    page: Client, alice: Person, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    told(alice)
    with CaptureQueriesContext(connection) as captured:
        page.get(PAGE)
    # Session, person, settings, the log's, those made by hand, badge.
    assert len(captured) == 6
    for _each in range(4):
        told(alice, about="kite:1")
        notified(alice)
    with django_assert_num_queries(6):
        page.get(PAGE)


# Why


def test_why_a_notification_came(page: Client, alice: Person) -> None:
    told(alice, about="product_management.product:7")
    row = AppNotification.objects.get()
    text = text_of(page.get(f"/inbox/{row.pk}/why/"))
    assert "<h1>Why did I get this?</h1>" in text
    assert "It concerns you because you are on the list." in text
    assert "You have not chosen, and it is the default." in text
    assert "This channel is not set up here." in text
    assert links(text) == ["/inbox/preferences/?open=test.told#type-test.told"]
    assert "Mute this product" in text


def test_the_reason_is_the_one_that_was_given(page: Client, alice: Person) -> None:
    row = notified(alice, reason="you asked for <b>it</b>")
    answer = page.get(f"/inbox/{row.pk}/why/")
    assert "because you asked for &lt;b&gt;it&lt;/b&gt;." in answer.content.decode()


def test_the_setting_that_a_link_leads_to_is_on_the_page(page: Client, alice: Person) -> None:
    told(alice)
    (there,) = links(why(page, alice))
    place, _hash, anchor = there.partition("#")
    text = text_of(page.get(place))
    assert f'id="{anchor}"' in text
    assert text.count("<details open") == 1


@pytest.mark.parametrize(
    ("scope", "there"),
    [
        (Scope(event_type="test.told"), "?open=test.told#type-test.told"),
        (Scope(category="test"), "#category-test"),
    ],
)
def test_why_it_did_not_come_leads_to_the_choice(
    page: Client, alice: Person, scope: Scope, there: str
) -> None:
    choose(alice, scope, Preset.NONE)
    told(alice)
    text = why(page, alice)
    assert "<h1>Why didn’t I get this?</h1>" in text  # noqa: RUF001 - as on the page
    assert set(links(text)) == {f"/inbox/preferences/{there}"}


def test_why_it_did_not_come_leads_to_the_mutes(page: Client, alice: Person) -> None:
    Mute.objects.create(person=alice, about="kite:1")
    told(alice, about="kite:1")
    text = why(page, alice)
    assert "You have muted what it is about." in text
    assert set(links(text)) == {"/inbox/preferences/muted/"}


def test_what_waits_for_the_end_of_quiet_hours_leads_to_them(page: Client, alice: Person) -> None:
    NotifiableEvent.objects.create(
        event_type="test.told", person=alice, outcomes={"email": "planned: default, held"}
    )
    assert "/inbox/preferences/settings/" in links(why(page, alice))


@pytest.mark.parametrize("rule", [{"mandatory": ["app"]}, {"is_active": False}])
def test_what_nobody_can_choose_leads_nowhere(page: Client, alice: Person, rule: dict[str, Any]) -> None:
    NotificationRule.objects.create(event_type="test.told", **rule)
    told(alice)
    assert links(why(page, alice)) == []


def test_what_is_not_decided_yet_says_so(page: Client, alice: Person) -> None:
    NotifiableEvent.objects.create(event_type="test.told", person=alice)
    text = why(page, alice)
    assert "not decided yet" in text
    assert links(text) == []


def test_an_event_type_that_is_gone_is_explained_without_a_link(page: Client, alice: Person) -> None:
    NotifiableEvent.objects.create(
        event_type="long.gone",
        person=alice,
        outcomes={"app": "skipped: default", "pigeon": "skipped: default"},
    )
    text = why(page, alice)
    assert "long.gone" in text
    assert "pigeon" in text
    assert links(text) == []


def test_an_event_that_nobody_can_choose_for_leads_nowhere(page: Client, alice: Person) -> None:
    assert EventTypes.get("test.unheard")
    NotifiableEvent.objects.create(
        event_type="test.unheard", person=alice, outcomes={"app": "created: default"}
    )
    text = why(page, alice)
    assert "It was sent to you by name." in text
    assert links(text) == []


def test_an_event_that_is_no_longer_in_the_log_is_explained(page: Client, alice: Person) -> None:
    told(alice, about="kite:1")
    EventLog.objects.all().delete()
    assert "you are on the list" in why(page, alice)


def test_a_notification_of_which_nothing_else_is_kept_is_not_found(page: Client, alice: Person) -> None:
    row = notified(alice)
    NotifiableEvent.objects.all()._raw_delete("default")
    assert page.get(f"/inbox/{row.pk}/why/").status_code == 404


def test_both_ways_lead_to_the_same_explanation(page: Client, alice: Person) -> None:
    told(alice)
    row = AppNotification.objects.get()
    by_notification, by_event = (
        re.sub(r"<nav class=.sections.*?</nav>|<input.*?>", "", text_of(page.get(place)), flags=re.DOTALL)
        for place in (f"/inbox/{row.pk}/why/", f"{PAGE}{row.event_id}/")
    )
    assert by_notification == by_event


def test_the_number_of_queries_of_an_explanation_is_bounded(page: Client, alice: Person) -> None:
    told(alice, about="kite:1")
    with CaptureQueriesContext(connection) as captured:
        why(page, alice)
    # Besides the test's own: session, person, settings, the event, mutes, wordings, rules, choices,
    # endpoints, badge.
    assert len(captured) == 1 + 10


def test_whoever_was_not_concerned_can_ask_by_the_address_of_the_event(
    alice: Person, bob: Person, client: Client
) -> None:
    told(alice, about="kite:1", name="Very private")
    client.force_login(alice)
    address = f"{PAGE}event/{EventLog.objects.get().event_id}/"
    assert address in why(client, alice)
    assert client.get(address).headers["Location"] == f"{PAGE}{NotifiableEvent.objects.get().pk}/"
    client.force_login(bob)
    shown = text_of(client.get(address))
    assert "It did not concern you" in shown
    assert "you are on the list" in shown
    assert "private" not in shown
    assert "kite:1" not in shown


def test_an_event_of_which_only_named_people_hear_says_so(bob: Person, client: Client) -> None:
    log = event_bus.publish("test.pinged", {})
    client.force_login(bob)
    assert "only people who were named" in text_of(client.get(f"{PAGE}event/{log.event_id}/"))


def test_an_event_that_there_is_not_is_not_found(bob: Person, client: Client) -> None:
    client.force_login(bob)
    assert client.get(f"{PAGE}event/00000000-0000-7000-8000-000000000000/").status_code == 404
    assert client.get(f"{PAGE}event/nonsense/").status_code == 404


def test_who_asks_has_to_be_logged_in(client: Client) -> None:
    log = event_bus.publish("test.pinged", {})
    assert client.get(f"{PAGE}event/{log.event_id}/").headers["Location"].startswith("/login/")


def test_what_waits_for_a_digest_leads_to_the_choice_for_its_category(page: Client, alice: Person) -> None:
    mail = mail_to(alice, state="held", wait="hourly digest")
    text = text_of(page.get(f"{PAGE}{mail.notifiable_id}/"))
    assert "It waits for your hourly digest, which is due on" in text
    assert "/inbox/preferences/#category-test" in links(text)


@pytest.mark.parametrize("cause", Cause)
def test_a_stopped_address_leads_to_what_is_known_of_it(page: Client, alice: Person, cause: Cause) -> None:
    """An address that was stopped by hand has refused nothing."""
    suppress("email", alice.email, cause)
    mail = mail_to(alice, state="skipped", last_error="skipped: endpoint suppressed")
    text = text_of(page.get(f"{PAGE}{mail.notifiable_id}/"))
    assert "Messages to your address have been stopped." in text
    assert "refused" not in text
    assert "/inbox/preferences/#mailbox" in links(text)
    assert 'id="mailbox"' in text_of(page.get("/inbox/preferences/"))


def test_a_mail_that_came_back_was_not_told(page: Client, alice: Person) -> None:
    mail = mail_to(alice, feedback="bounced", last_error="550 5.1.1 No such user")
    NotifiableEvent.objects.update(outcomes={"app": "skipped: default", "email": "planned: default"})
    text = text_of(page.get(f"{PAGE}{mail.notifiable_id}/"))
    assert "I get this?" in text
    assert "Why did I" not in text
    assert "came back" in text
    assert "550" not in text


def test_what_became_of_mails_is_one_more_query(page: Client, alice: Person) -> None:
    mail = mail_to(alice)
    digest_of(alice, mail)
    with CaptureQueriesContext(connection) as captured:
        page.get(f"{PAGE}{mail.notifiable_id}/")
    assert len([each for each in captured if 'FROM "engagement_delivery"' in each["sql"]]) == 1
