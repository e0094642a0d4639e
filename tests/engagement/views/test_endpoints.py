"""The page of a person's devices, numbers and addresses."""

import html
import re
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from capabilities.people.models import Person
from engagement.channels import channels
from engagement.choices import Scope
from engagement.decide import Preset
from engagement.models import Cause, Delivery, Endpoint, EndpointCode
from engagement.pauses import pause
from engagement.preferences import choose
from engagement.suppress import suppress
from events.bus import event_bus
from events.sql import fetch
from events.testing import work_off
from tests.engagement.stored import Push, Sms, Webhook, device_of, hook_of, number_of
from tests.probe.events import Told

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("stored_channels")]

Channels = tuple[Push, Sms, Webhook]
PAGE = "/inbox/endpoints/"
ADD = f"{PAGE}add/"
HOOK = "https://example.org/hook"
ACTS = ["verify", "code", "remove", "secret", "test", "rename"]
SECRET = re.compile(r"whsec_[A-Za-z0-9+/=]{44}")


def text_of(answer: Any) -> str:
    """Return the page, as text without references."""
    assert isinstance(answer, HttpResponse)
    return html.unescape(answer.content.decode())


def card(text: str, channel: str) -> str:
    found = re.search(rf'<section [^>]*id="channel-{channel}".*?</section>', text, re.DOTALL)
    assert found, channel
    return found[0]


def act(page: Client, endpoint: Endpoint, verb: str, **fields: str) -> Any:
    return page.post(f"{PAGE}{endpoint.pk}/{verb}/", fields, follow=True)


# What is there


def test_each_channel_has_a_card_and_devices_come_by_themselves(page: Client) -> None:
    text = text_of(page.get(PAGE))
    assert 'name="value"' in card(text, "sms")
    assert 'placeholder="+977 98…"' in card(text, "sms")
    assert "A program of yours gets each notification there." in card(text, "webhook")
    assert "Apps add their device by themselves" in card(text, "push")
    assert 'name="value"' not in card(text, "push")
    assert "channel-email" not in text


def test_a_channel_that_is_not_set_up_is_there_if_the_person_has_something_on_it(
    page: Client, alice: Person, stored_channels: Channels
) -> None:
    hook_of(alice)
    for channel in stored_channels:
        channel.is_set_up = False
    text = text_of(page.get(PAGE))
    assert "channel-sms" not in text
    assert "not set up here at present" in card(text, "webhook")
    assert 'name="value"' not in text
    assert "Send a test" not in text
    Endpoint.objects.all().delete()
    assert "you are reached in the inbox and by mail" in text_of(page.get(PAGE))


def test_without_such_channels_it_says_so(page: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("push", "sms", "webhook"):
        monkeypatch.delitem(channels(), name)
    assert "you are reached in the inbox and by mail" in text_of(page.get(PAGE))


def test_a_paused_channel_says_so(page: Client) -> None:
    pause("sms", "The provider is down.")
    text = text_of(page.get(PAGE))
    assert "for the time being" in card(text, "sms")
    assert "The provider is down" not in text


def test_one_in_use_has_its_name_and_what_it_is(page: Client, alice: Person) -> None:
    device_of(alice, "token-abcd", label="Pixel <9>")
    found = card(text_of(page.get(PAGE)), "push")
    assert "<h3><bdi>Pixel <9></bdi></h3>" in found
    assert "…abcd" in found
    assert "token-abcd" not in found
    assert "in use" in found
    assert "&lt;9&gt;" in page.get(PAGE).content.decode()


@pytest.mark.parametrize(
    ("why", "sentence"),
    [
        ("410 Gone <script>", "It could not be reached any more."),
        ("not seen for 270 days", "Its app has not been heard of for long."),
    ],
)
def test_why_one_is_not_used_any_more_is_said_for_people(
    page: Client, alice: Person, why: str, sentence: str
) -> None:
    hook_of(alice)
    Endpoint.objects.update(retired_at=timezone.now(), retired_because=why)
    text = text_of(page.get(PAGE))
    assert "not used any more" in text
    assert sentence in text
    assert why not in text
    assert "Send a test" not in text


def test_of_a_device_too(page: Client, alice: Person) -> None:
    device_of(alice)
    Endpoint.objects.update(retired_at=timezone.now(), retired_because="UNREGISTERED")
    assert "Its app was removed, or takes no notifications any more." in text_of(page.get(PAGE))


def test_one_that_must_not_be_used_says_so(page: Client, alice: Person) -> None:
    suppress("sms", number_of(alice).value, Cause.STOP)
    found = card(text_of(page.get(PAGE)), "sms")
    assert "Messages to it have been stopped" in found
    assert "Send a code" not in found


def test_one_that_rests_says_until_when(page: Client, alice: Person) -> None:
    hook_of(alice)
    Endpoint.objects.update(rests_until=timezone.now() + timedelta(hours=1))
    assert "It did not take what was sent last. The next attempt is on" in text_of(page.get(PAGE))


def test_the_last_five_messages_are_listed_with_what_became_of_them(
    page: Client, alice: Person, bob: Person
) -> None:
    choose(alice, Scope(event_type="test.told"), Preset.NONE, {"webhook": True})
    hook_of(alice)
    for _number in range(7):
        event_bus.publish(Told(people=[alice.pk]))
    work_off()
    newest = Delivery.objects.order_by("-pk")[0]
    Delivery.objects.filter(pk=newest.pk).update(state="dead", sent_at=None)
    found = card(text_of(page.get(PAGE)), "webhook")
    assert found.count('<div class="what">') == 5
    assert f"/inbox/activity/{newest.notifiable_id}/" in found
    assert "could not be sent" in found
    assert found.count(">sent</span>") == 4
    assert "last used" in found


def test_what_was_sent_to_an_earlier_owner_is_not_theirs_to_see(
    page: Client, alice: Person, bob: Person
) -> None:
    choose(bob, Scope(event_type="test.told"), Preset.NONE, {"push": True})
    device_of(bob)
    event_bus.publish(Told(people=[bob.pk]))
    work_off()
    assert Delivery.objects.of(bob).count() == 1
    device_of(alice)
    assert "The last messages" not in text_of(page.get(PAGE))


def test_the_number_of_queries_is_the_same_however_much_there_is(
    page: Client, alice: Person, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    choose(alice, Scope(event_type="test.told"), Preset.NONE, {"webhook": True, "push": True})
    hook_of(alice)
    event_bus.publish(Told(people=[alice.pk]))
    work_off()
    with CaptureQueriesContext(connection) as captured:
        page.get(PAGE)
    # Session, person, settings for the time zone, endpoints, suppressions, codes, keys of messages, messages, pauses,
    # badge.
    expected = len(captured)
    for number in range(5):
        hook_of(alice, f"https://example.org/{number}")
        device_of(alice, f"token-{number:04}")
        number_of(alice, f"+97798{number:08}")
    for _number in range(3):
        event_bus.publish(Told(people=[alice.pk]))
    work_off()
    suppress("sms", "+9779800000000", Cause.STOP)
    with django_assert_num_queries(expected):
        page.get(PAGE)


def test_the_pages_lead_to_it(page: Client) -> None:
    # On a desktop, on a phone, and in the text.
    assert text_of(page.get("/inbox/preferences/")).count(f'href="{PAGE}"') == 3
    assert 'href="/inbox/preferences/"' in text_of(page.get("/inbox/"))


# Numbers


def test_a_number_is_added_confirmed_and_used(page: Client, alice: Person, stored_channels: Channels) -> None:
    sms = stored_channels[1]
    text = text_of(page.post(ADD, {"channel": "sms", "value": "+977 981 2345678", "label": ""}, follow=True))
    assert "A code is on its way. Enter it here within ten minutes." in text
    assert "waits for your code" in card(text, "sms")
    number = Endpoint.objects.get()
    work_off()
    code = sms.sent[0].title[:6]
    text = text_of(act(page, number, "verify", code=f"{code[:3]} {code[3:]}"))
    assert "it is yours, and in use from now on" in text
    choose(alice, Scope(event_type="test.told"), Preset.NONE, {"sms": True})
    event_bus.publish(Told(people=[alice.pk]))
    work_off()
    assert [(each.event_type, each.endpoint) for each in sms.sent[1:]] == [("test.told", "+9779812345678")]


def test_a_wrong_code_says_how_often_one_may_still_try(page: Client, alice: Person) -> None:
    page.post(ADD, {"channel": "sms", "value": "+9779812345678"})
    number = Endpoint.objects.get()
    assert "You have 4 more tries." in text_of(act(page, number, "verify", code=""))
    assert "You have 3 more tries." in text_of(act(page, number, "verify"))
    act(page, number, "verify")
    assert "You have one more try." in text_of(act(page, number, "verify"))
    text = text_of(act(page, number, "verify"))
    assert "That code is not good any more. Have another sent." in text
    assert 'name="code"' not in text
    assert "Send a code" in text


def test_another_code_can_be_had_after_a_minute(page: Client, alice: Person) -> None:
    page.post(ADD, {"channel": "sms", "value": "+9779812345678"})
    number = Endpoint.objects.get()
    assert "Try again in a minute." in text_of(act(page, number, "code"))
    EndpointCode.objects.update(created_at=timezone.now() - timedelta(minutes=2))
    assert "A code is on its way." in text_of(act(page, number, "code"))
    assert EndpointCode.objects.count() == 2


def test_what_is_wrong_is_said_and_what_was_entered_is_kept(page: Client, alice: Person) -> None:
    answer = page.post(ADD, {"channel": "sms", "value": "98<b>123", "label": "Mine"})
    assert answer.status_code == 422
    found = card(text_of(answer), "sms")
    assert "Enter the number with its country code." in found
    assert 'value="98<b>123"' in found
    assert b"<b>" not in answer.content
    assert 'value="Mine"' in found
    assert not Endpoint.objects.exists()


@pytest.mark.parametrize(
    "fields",
    [
        {"channel": "sms"},
        {"channel": "sms", "value": "+1" + "0" * 2_000},
        {"channel": "sms", "value": "+1\0"},
        {"channel": "sms", "value": "+1", "label": "x" * 101},
    ],
)
def test_what_cannot_be_stored_is_refused(page: Client, fields: dict[str, str]) -> None:
    assert page.post(ADD, fields).status_code == 422
    assert not Endpoint.objects.exists()


@pytest.mark.parametrize("channel", ["", "push", "email", "pigeon", "x\0"])
def test_nothing_is_added_where_nothing_is_entered(page: Client, channel: str) -> None:
    text = text_of(page.post(ADD, {"channel": channel, "value": "+1"}, follow=True))
    assert "There is no such channel; nothing was added." in text


# Secrets


def test_the_secret_of_an_address_is_shown_once(page: Client, alice: Person) -> None:
    answer = page.post(ADD, {"channel": "webhook", "value": HOOK, "label": "My shop"})
    hook = Endpoint.objects.get()
    assert answer.status_code == 200
    assert "no-store" in answer["Cache-Control"]
    assert SECRET.findall(text_of(answer)) == [hook.secret]
    assert "The secret of My shop" in text_of(answer)
    assert "in use" in card(text_of(answer), "webhook")
    assert hook.secret not in str(page.cookies)
    assert SECRET.findall(text_of(page.get(PAGE))) == []
    assert SECRET.findall(text_of(page.post(ADD, {"channel": "webhook", "value": HOOK}, follow=True))) == []
    tables = fetch("SELECT count(*) FROM django_session WHERE session_data LIKE '%%whsec%%'")
    assert tables == [(0,)]


def test_a_new_one_is_shown_once_and_sending_the_form_again_makes_no_other(
    page: Client, alice: Person
) -> None:
    hook = hook_of(alice)
    since = re.search(r'name="since" value="(.*?)"', text_of(page.get(PAGE)))
    assert since
    answer = act(page, hook, "secret", since=since[1])
    assert "no-store" in answer["Cache-Control"]
    [made] = SECRET.findall(text_of(answer))
    assert Endpoint.objects.get().secrets() == [made, hook.secret]
    text = text_of(act(page, hook, "secret", since=since[1]))
    assert SECRET.findall(text) == []
    assert "Its secret was changed meanwhile." in text
    assert Endpoint.objects.get().secrets() == [made, hook.secret]
    again = re.search(r'name="since" value="(.+?)"', text)
    assert again
    [third] = SECRET.findall(text_of(act(page, hook, "secret", since=again[1])))
    assert Endpoint.objects.get().secrets() == [third, made]


def test_a_number_has_none(page: Client, alice: Person) -> None:
    number = number_of(alice)
    assert "not signed" in text_of(act(page, number, "secret", since=""))


# Afterwards


def test_a_test_is_sent_and_seen(page: Client, alice: Person, stored_channels: Channels) -> None:
    hook = hook_of(alice)
    assert "A test is on its way." in text_of(act(page, hook, "test"))
    work_off()
    assert [each.event_type for each in stored_channels[2].sent] == ["endpoint.tested"]
    assert "Test of an endpoint" in card(text_of(page.get(PAGE)), "webhook")
    for _time in range(4):
        act(page, hook, "test")
    assert "You have sent many tests. Try again in 60 minutes." in text_of(act(page, hook, "test"))


def test_it_is_renamed_and_removed(page: Client, alice: Person) -> None:
    hook = hook_of(alice)
    assert "<h3><bdi>My shop</bdi></h3>" in text_of(act(page, hook, "rename", label="My shop"))
    assert "A name has up to 100 characters" in text_of(act(page, hook, "rename", label="x" * 101))
    assert "A name has up to 100 characters" in text_of(act(page, hook, "rename", label="\0"))
    assert "It is removed." in text_of(act(page, hook, "remove"))
    assert not Endpoint.objects.exists()


def test_so_is_a_number_of_which_a_code_is_on_its_way(page: Client, alice: Person) -> None:
    page.post(ADD, {"channel": "sms", "value": "+9779812345678"})
    act(page, Endpoint.objects.get(), "remove")
    assert not Endpoint.objects.exists()
    work_off()
    assert not Delivery.objects.exists()


# Who may


@pytest.mark.parametrize("verb", ACTS)
def test_somebody_elses_does_not_exist(page: Client, bob: Person, verb: str) -> None:
    hook = hook_of(bob)
    for pk in (hook.pk, 2**63, 10**30):
        assert page.post(f"{PAGE}{pk}/{verb}/", {"label": "Mine", "since": ""}).status_code == 404
    found = Endpoint.objects.get()
    assert (found.label, found.secret) == ("", hook.secret)
    assert hook.value not in text_of(page.get(PAGE))


@pytest.mark.parametrize("verb", ["add", *(f"1/{each}" for each in ACTS)])
def test_nothing_is_changed_by_a_link_nor_without_a_login(page: Client, client: Client, verb: str) -> None:
    assert page.get(f"{PAGE}{verb}/").headers["Location"] == PAGE
    assert page.put(f"{PAGE}{verb}/").status_code == 405
    anonymous = Client()
    for answer in (anonymous.get(PAGE), anonymous.post(f"{PAGE}{verb}/")):
        assert answer.headers["Location"] == f"/login/?next={PAGE}"


def test_a_form_of_another_site_changes_nothing(alice: Person) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(alice)
    assert strict.post(ADD, {"channel": "webhook", "value": HOOK}).status_code == 403


def test_there_is_no_script_nor_style_in_it(page: Client, alice: Person) -> None:
    hook_of(alice)
    content = page.get(PAGE).content.decode()
    assert content.count("<script") == content.count('<script type="module" src=')
    assert "style=" not in content
    assert "onclick" not in content


def test_each_field_has_a_label_and_each_id_is_there_once(page: Client, alice: Person) -> None:
    for number in range(2):
        hook_of(alice, f"https://example.org/{number}")
        number_of(alice, f"+9779800000{number}")
    content = page.get(PAGE).content.decode()
    ids = re.findall(r'\bid="(.*?)"', content)
    assert len(ids) == len(set(ids))
    for name in re.findall(r'<label for="(.*?)"', content):
        assert name in ids
