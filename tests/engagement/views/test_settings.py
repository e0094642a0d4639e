"""The page of a person's language and times."""

import html
import re
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client
from pytest_django import DjangoAssertNumQueries, Settings

from capabilities.people.models import Person
from engagement.models import NotificationSettings
from engagement.preferences import set_settings

pytestmark = pytest.mark.django_db

PAGE = "/inbox/preferences/settings/"


def text_of(answer: Any) -> str:
    """Return the page, as text without references."""
    assert isinstance(answer, HttpResponse)
    return html.unescape(answer.content.decode())


def test_settings_are_saved_and_confirmed(page: Client, alice: Person) -> None:
    sent = {
        "language": "de",
        "time_zone": "Asia/Kathmandu",
        "quiet_from": "22:00",
        "quiet_until": "06:30",
    }
    for _again in range(2):
        answer = page.post(PAGE, sent, follow=True)
        assert answer.redirect_chain == [(PAGE, 302)]
        assert "Your settings are saved." in text_of(answer)
    found = NotificationSettings.objects.get()
    assert (found.person_id, found.language, found.time_zone) == (alice.pk, "de", "Asia/Kathmandu")
    assert (str(found.quiet_from), str(found.quiet_until)) == ("22:00:00", "06:30:00")
    text = text_of(page.get(PAGE))
    assert '<option value="Asia/Kathmandu" selected>Kathmandu</option>' in text
    assert 'value="22:00"' in text


@pytest.mark.parametrize("hour", [0, 8, 23])
def test_the_hour_of_the_digest_is_chosen(page: Client, alice: Person, hour: int) -> None:
    assert '<option value="" selected>As usual here (08:00)</option>' in text_of(page.get(PAGE))
    text = text_of(page.post(PAGE, {"digest_hour": str(hour)}, follow=True))
    assert NotificationSettings.objects.get().digest_hour == hour
    assert f'<option value="{hour}" selected>{hour:02}:00</option>' in text
    page.post(PAGE, {"language": "de"})
    assert NotificationSettings.objects.get().digest_hour == hour
    page.post(PAGE, {"digest_hour": ""})
    assert NotificationSettings.objects.get().digest_hour is None


def test_the_usual_hour_is_that_of_the_installation(page: Client, settings: Settings) -> None:
    settings.ENGAGEMENT_DIGEST_HOUR = 0
    assert "As usual here (00:00)" in text_of(page.get(PAGE))


def test_settings_that_are_not_sent_stay_as_they_are(page: Client, alice: Person) -> None:
    set_settings(alice, language="de", time_zone="Etc/GMT+5")
    page.post(PAGE)
    page.post(PAGE, {"quiet_from": "22:00", "quiet_until": "7:00"})
    found = NotificationSettings.objects.get()
    assert (found.language, found.time_zone, found.quiet_from is None) == ("de", "Etc/GMT+5", False)


def test_settings_can_be_emptied(page: Client, alice: Person) -> None:
    page.post(PAGE, {"language": "de", "quiet_from": "22:00", "quiet_until": "7:00"})
    page.post(PAGE, {"language": "", "time_zone": "", "quiet_from": "", "quiet_until": ""})
    found = NotificationSettings.objects.get()
    assert (found.language, found.quiet_from, found.quiet_until) == ("", None, None)


@pytest.mark.parametrize(
    ("wrong", "complaint"),
    [
        ({"language": "tlh"}, "tlh is not one of the available choices"),
        ({"time_zone": "Mars/Olympus"}, "There is no time zone Mars/Olympus"),
        ({"time_zone": "../../etc/passwd"}, "There is no time zone"),
        ({"time_zone": "x" * 9_000}, "at most 60 characters"),
        ({"quiet_from": "22:00", "quiet_until": ""}, "Give both times of the quiet hours, or none."),
        ({"quiet_from": "", "quiet_until": "07:00"}, "Give both times of the quiet hours, or none."),
        ({"quiet_from": "07:00", "quiet_until": "07:00"}, "They would end as they begin."),
        ({"quiet_from": "25:00", "quiet_until": "07:00"}, "Enter a valid time."),
        ({"quiet_from": "late", "quiet_until": "07:00"}, "Enter a valid time."),
        ({"digest_hour": "24"}, "24 is not one of the available choices"),
        ({"digest_hour": "-1"}, "-1 is not one of the available choices"),
        ({"digest_hour": "8.5"}, "8.5 is not one of the available choices"),
        ({"digest_hour": "9" * 5_000}, "is not one of the available choices"),
    ],
)
def test_settings_that_are_wrong_say_so_and_keep_the_rest(
    page: Client, alice: Person, wrong: dict[str, str], complaint: str
) -> None:
    answer = page.post(PAGE, {"language": "de", "time_zone": "Europe/Berlin"} | wrong)
    text = text_of(answer)
    assert answer.status_code == 422
    assert complaint in text
    if "time_zone" not in wrong:
        assert '<option value="Europe/Berlin" selected>' in text
    assert not NotificationSettings.objects.exists()


def test_an_unusual_time_zone_is_kept_by_saving_the_form(page: Client, alice: Person) -> None:
    set_settings(alice, time_zone="Etc/GMT+5")
    assert '<option value="Etc/GMT+5" selected>' in text_of(page.get(PAGE))


# A page that was open for a while


def opened(page: Client) -> dict[str, str]:
    """Return what a browser would send of the page as it is."""
    text = page.get(PAGE).content.decode()
    sent = dict(re.findall(r'<input type="(?:hidden|time)" name="(.*?)" value="(.*?)"', text))
    for name, options in re.findall(r'<select name="(.*?)".*?>(.*?)</select>', text, re.DOTALL):
        sent[name] = "".join(re.findall(r'<option value="(.*?)" selected>', options))
    empty = dict.fromkeys(("language", "time_zone", "quiet_from", "quiet_until", "digest_hour"), "")
    return empty | {
        name: html.unescape(value) for name, value in sent.items() if name != "csrfmiddlewaretoken"
    }


def test_an_old_page_does_not_undo_what_was_set_since(page: Client, alice: Person) -> None:
    set_settings(alice, language="de", quiet_from="22:00", quiet_until="06:30", digest_hour=7)
    form = opened(page)
    assert form["quiet_from"] == "22:00"
    set_settings(alice, time_zone="Asia/Kathmandu", quiet_from="21:00", digest_hour=None)
    page.post(PAGE, form | {"language": ""})
    found = NotificationSettings.objects.get()
    assert (found.language, found.time_zone, found.digest_hour) == ("", "Asia/Kathmandu", None)
    assert (str(found.quiet_from), str(found.quiet_until)) == ("21:00:00", "06:30:00")


def test_what_was_touched_on_an_old_page_is_saved(page: Client, alice: Person) -> None:
    form = opened(page)
    set_settings(alice, language="de", time_zone="Asia/Kathmandu", quiet_from="22:00", quiet_until="06:30")
    page.post(PAGE, form | {"time_zone": "Europe/Berlin", "quiet_from": "23:00", "quiet_until": "07:00"})
    found = NotificationSettings.objects.get()
    assert (found.language, found.time_zone) == ("de", "Europe/Berlin")
    assert (str(found.quiet_from), str(found.quiet_until)) == ("23:00:00", "07:00:00")


def test_a_page_with_an_error_still_knows_what_was_shown_first(page: Client, alice: Person) -> None:
    form = opened(page)
    set_settings(alice, language="de")
    answer = page.post(PAGE, form | {"digest_hour": "24"})
    assert answer.status_code == 422
    assert f'name="shown" value="{html.escape(form["shown"])}"' in answer.content.decode()


@pytest.mark.parametrize("shown", ["", "{", "[]", "null", "[" * 100_000, '{"language": [1]}', "<script>"])
def test_without_what_was_shown_all_that_is_sent_counts(page: Client, alice: Person, shown: str) -> None:
    set_settings(alice, language="de")
    answer = page.post(PAGE, {"language": "", "shown": shown}, follow=True)
    assert NotificationSettings.objects.get().language == ""
    assert b"<script>" not in answer.content


# Who is let in


def test_who_is_not_logged_in_is_sent_to_log_in_and_back(client: Client) -> None:
    for answer in (client.get(PAGE), client.post(PAGE, {"language": "de"})):
        assert (answer.status_code, answer["Location"]) == (302, f"/login/?next={PAGE}")
    assert not NotificationSettings.objects.exists()


def test_a_post_without_a_csrf_token_is_refused(alice: Person) -> None:
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(alice)
    assert browser.post(PAGE, {"language": "de"}).status_code == 403
    assert not NotificationSettings.objects.exists()


def test_the_page_says_where_one_is(page: Client) -> None:
    text = text_of(page.get(PAGE))
    assert f'<a href="{PAGE}" aria-current="page">Language and times</a>' in text
    assert "<summary>Language and times</summary>" in text


def test_the_page_takes_five_queries(page: Client, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    # Session, person, settings for the time zone, settings, badge.
    with django_assert_num_queries(5):
        page.get(PAGE)
