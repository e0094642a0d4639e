"""The link in a mail by which one opts out: a GET asks, a POST does it, without a login."""

import html
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core.signing import Signer
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from freezegun import freeze_time
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from pytest_django import Settings

from capabilities.people.models import Person
from engagement.links import unsubscribe_token, unsubscribe_url
from engagement.models import NotificationPreference, NotificationRule
from engagement.notifier import Notifier
from tests.probe.events import Unheard

pytestmark = pytest.mark.django_db

#: As RFC 8058 has it.
ONE_CLICK = "List-Unsubscribe=One-Click"
FORM = "application/x-www-form-urlencoded"


@pytest.fixture
def mail_program() -> Client:
    """One that has no cookie, and from which a form of ours would have to have a token."""
    return Client(enforce_csrf_checks=True)


def place(person: Person, *categories: str) -> str:
    return reverse("engagement:unsubscribe", args=[unsubscribe_token(person.pk, categories or ("test",))])


def stored(person: Person) -> dict[str, str]:
    rows = NotificationPreference.objects.filter(person=person)
    return {row.event_type or row.category: row.type for row in rows}


def text_of(answer: Any) -> str:
    """Return the page, as text without references."""
    assert isinstance(answer, HttpResponse)
    assert answer.status_code == 200
    return html.unescape(answer.content.decode())


# Asking


@pytest.mark.parametrize("method", ["get", "head"])
def test_a_program_that_follows_links_changes_nothing(alice: Person, client: Client, method: str) -> None:
    assert getattr(client, method)(place(alice)).status_code == 200
    assert stored(alice) == {}


def test_the_page_asks_with_one_button(alice: Person, client: Client) -> None:
    text = text_of(client.get(place(alice, "test", "product")))
    assert "Do you want no more mails about <strong>Product and Test</strong>?" in text
    assert text.count("<form") == text.count('<button type="submit">Unsubscribe</button>') == 1


def test_the_page_says_of_whom_it_is_only_what_its_owner_recognises(alice: Person, client: Client) -> None:
    for answer in (client.get(place(alice)), client.post(place(alice))):
        text = text_of(answer)
        assert "a…@kiteworks.example" in text
        assert "alice" not in text.lower()


def test_without_an_address_it_says_nothing_of_it(alice: Person, client: Client) -> None:
    Person.objects.update(email="")
    assert "Mails to" not in text_of(client.get(place(alice)))


@pytest.mark.parametrize("method", ["get", "post"])
def test_it_is_neither_kept_nor_listed_nor_passed_on(alice: Person, client: Client, method: str) -> None:
    headers = getattr(client, method)(place(alice)).headers
    assert "no-store" in headers["Cache-Control"]
    assert (headers["Referrer-Policy"], headers["X-Robots-Tag"]) == ("same-origin", "noindex")


@pytest.mark.parametrize("method", ["put", "patch", "delete", "options"])
def test_there_is_no_other_way(alice: Person, client: Client, method: str) -> None:
    assert getattr(client, method)(place(alice)).status_code == 405
    assert stored(alice) == {}


# Doing it


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (ONE_CLICK, FORM),
        (
            '--x\r\nContent-Disposition: form-data; name="List-Unsubscribe"\r\n\r\nOne-Click\r\n--x--\r\n',
            None,
        ),
        ("", FORM),
        ("csrfmiddlewaretoken=forged&person=2", FORM),
        ("--not multipart at all", "multipart/form-data; boundary=x"),
        ("{", "application/json"),
        ("\x00" * 9_000, "application/octet-stream"),
    ],
)
def test_a_post_needs_no_cookie_no_login_and_no_particular_body(
    alice: Person, mail_program: Client, body: str, kind: str | None
) -> None:
    answer = mail_program.post(
        place(alice), body.encode(), content_type=kind or "multipart/form-data; boundary=x"
    )
    text = text_of(answer)
    assert "You will get no more mails about <strong>Test</strong>." in text
    assert '<a href="/inbox/preferences/#category-test">' in text
    assert not answer.cookies
    assert stored(alice) == {"test": "apps"}


def test_again_it_says_the_same(alice: Person, mail_program: Client) -> None:
    pages = {mail_program.post(place(alice), ONE_CLICK, content_type=FORM).content for _again in range(3)}
    assert len(pages) == 1
    assert stored(alice) == {"test": "apps"}


def test_it_is_about_the_person_of_the_mail_whoever_is_logged_in(
    alice: Person, bob: Person, client: Client
) -> None:
    client.force_login(bob)
    assert "a…@kiteworks.example" in text_of(client.post(place(alice)))
    assert (stored(alice), stored(bob)) == ({"test": "apps"}, {})


def test_an_account_that_is_not_active_any_more_can_opt_out(alice: Person, mail_program: Client) -> None:
    Person.objects.update(is_active=False)
    text_of(mail_program.post(place(alice)))
    assert stored(alice) == {"test": "apps"}


def test_a_choice_for_a_kind_of_event_loses_its_mails_too(alice: Person, mail_program: Client) -> None:
    NotificationPreference.objects.create(person=alice, event_type="test.told", type="both")
    mail_program.post(place(alice))
    assert stored(alice) == {"test": "apps", "test.told": "apps"}


@pytest.mark.parametrize("categories", [("nosuch",), ("x" * 400,), ("",)])
def test_of_a_category_that_is_no_more_nothing_is_left_to_do(
    alice: Person, mail_program: Client, categories: tuple[str, ...]
) -> None:
    for answer in (mail_program.get(place(alice, *categories)), mail_program.post(place(alice, *categories))):
        text = text_of(answer)
        assert "There are no mails of this kind any more" in text
        assert "<form" not in text
    assert stored(alice) == {}
    assert "<strong>Test</strong>" in text_of(mail_program.post(place(alice, "test", *categories)))


def test_what_is_mandatory_cannot_be_switched_off_and_says_so(alice: Person, mail_program: Client) -> None:
    NotificationRule.objects.create(category="test", mandatory=["email"])
    for answer in (mail_program.get(place(alice)), mail_program.post(place(alice))):
        text = text_of(answer)
        assert "Mails about <strong>Test</strong> cannot be switched off. Email is always on:" in text
        assert "<form" not in text
        assert "no more mails" not in text
    assert stored(alice) == {}


def test_what_is_mandatory_in_part_is_named(alice: Person, mail_program: Client) -> None:
    NotificationRule.objects.create(event_type="test.told", mandatory=["email"])
    assert "Email is always on for Told." in text_of(mail_program.post(place(alice)))


def test_the_name_of_a_category_is_escaped(
    alice: Person, client: Client, declare: Callable[..., Notifier[Unheard]]
) -> None:
    declare(list, category="<b>kites</b>")
    assert b"<b>" not in client.get(place(alice, "<b>kites</b>")).content.lower()


# Opened again


def test_opened_again_it_says_that_it_is_so_and_asks_nothing(alice: Person, client: Client) -> None:
    client.post(place(alice))
    text = text_of(client.get(place(alice)))
    assert "You get no mails about <strong>Test</strong> any more." in text
    assert "Undo it, or choose more finely, in your preferences</a> (for which you have to log in)" in text
    assert "<form" not in text
    assert "Do you want" not in text


def test_who_switched_them_on_again_is_asked_again(alice: Person, client: Client) -> None:
    client.post(place(alice))
    NotificationPreference.objects.update(type="both")
    text = text_of(client.get(place(alice)))
    assert "Do you want no more mails about <strong>Test</strong>?" in text
    assert "any more" not in text


def test_of_several_it_asks_about_those_that_still_come(alice: Person, client: Client) -> None:
    client.post(place(alice))
    text = text_of(client.get(place(alice, "test", "product")))
    assert "Do you want no more mails about <strong>Product</strong>?" in text
    assert "You get no mails about <strong>Test</strong> any more." in text
    assert text.count("<form") == 1


# Links that are none, and old ones


@pytest.mark.parametrize("debug", [False, True])
def test_a_mangled_link_says_so_and_leads_to_the_preferences(
    alice: Person, client: Client, settings: Settings, debug: bool
) -> None:
    settings.DEBUG = debug
    answer = client.get(place(alice).rstrip("/")[:-3] + "/")
    text = html.unescape(answer.content.decode())
    assert answer.status_code == 404
    assert "This link does not work" in text
    assert '<a href="/inbox/preferences/">' in text
    assert "no-store" in answer.headers["Cache-Control"]


def statuses(token: str) -> set[int]:
    """Return how a token is answered that need not be one: every character of it is quoted."""
    quoted = "".join(f"%{byte:02X}" for byte in token.encode())
    url = reverse("engagement:unsubscribe", args=["x"]).replace("/x/", f"/{quoted}/")
    return {Client().get(url).status_code, Client().post(url).status_code}


@hypothesis_settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(data=st.data())
def test_with_any_character_changed_there_is_no_such_link(data: st.DataObject, alice: Person) -> None:
    token = unsubscribe_token(alice.pk, ["test"])
    place = data.draw(st.integers(0, len(token) - 1))
    other = data.draw(st.characters(codec="utf-8").filter(lambda each: each != token[place]))
    assert statuses(token[:place] + other + token[place + 1 :]) == {404}
    assert stored(alice) == {}


@hypothesis_settings(deadline=None)
@given(st.text(st.characters(codec="utf-8"), min_size=1) | st.from_regex(r"\A[\w-]{1,60}\.[\w-]{22}\Z"))
def test_what_is_no_token_is_no_link(text: str) -> None:
    assert statuses(text) == {404}


def test_a_part_of_a_token_and_more_than_one_are_no_link(alice: Person) -> None:
    token = unsubscribe_token(alice.pk, ["test"])
    parts = [token[:length] for length in range(1, len(token))]
    more = [token + "x", token + "\x00", "\x00", f" {token}", token * 200, "x" * 9_000, token.upper()]
    assert all(statuses(each) == {404} for each in (*parts, *more))
    assert stored(alice) == {}


def test_signed_for_something_else_or_by_somebody_else_it_is_no_link(
    alice: Person, settings: Settings
) -> None:
    value = unsubscribe_token(alice.pk, ["test"]).partition(".")[0]
    assert statuses(Signer(sep=".").sign(value)) == {404}
    settings.SECRET_KEY = "of-another-site-" + "y" * 40
    foreign = unsubscribe_token(alice.pk, ["test"])
    settings.SECRET_KEY = "of-this-site-" + "z" * 40
    assert statuses(foreign) == {404}


def test_of_somebody_who_is_gone_it_is_no_link(alice: Person, client: Client) -> None:
    url = place(alice)
    alice.delete()
    answer = client.post(url)
    assert (answer.status_code, client.get(url).status_code) == (404, 404)
    assert "This link does not work" in html.unescape(answer.content.decode())


def test_a_key_that_this_site_does_not_have_for_people_is_no_link() -> None:
    for key in ("7f0c2f5e-6a0e-4a5e-9f7e-2c1b5d1f0a11", "9" * 400, "", "None"):
        assert statuses(unsubscribe_token(key, ["test"])) == {404}


def test_after_a_rotation_of_the_key_the_mails_of_before_still_have_a_link(
    alice: Person, mail_program: Client, settings: Settings
) -> None:
    url = place(alice)
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "the-new-key-" + "z" * 40
    text_of(mail_program.post(url, ONE_CLICK, content_type=FORM))
    assert stored(alice) == {"test": "apps"}


def test_sixty_days_later_it_still_works(alice: Person, mail_program: Client) -> None:
    url = place(alice)
    with freeze_time(timezone.now() + timedelta(days=60)):
        text_of(mail_program.post(url, ONE_CLICK, content_type=FORM))
    assert stored(alice) == {"test": "apps"}


def test_the_link_in_the_mail_is_to_this_page(
    alice: Person, mail_program: Client, settings: Settings
) -> None:
    settings.ENGAGEMENT_BASE_URL = "https://carillon.example"
    url = unsubscribe_url(alice.pk, ["test"])
    assert url == f"https://carillon.example{place(alice)}"
