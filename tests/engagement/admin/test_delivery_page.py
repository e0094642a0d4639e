"""What matters of a mail is what is seen first, in the list and on its page."""

import re
from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from capabilities.people.models import Person
from engagement.models import Delivery, DeliveryAttempt
from tests.conftest import make_people
from tests.engagement.admin.test_deliveries import LIST, page_of
from tests.engagement.mails import mail_to

pytestmark = pytest.mark.django_db

MOMENT = datetime(2033, 1, 1, 12, 0, 7, tzinfo=UTC)
SHOWN = re.compile(r"2033-01-01 1\d:00:07")


def cells(client: Client) -> dict[str, str]:
    """Return what the first line of the list says, by column."""
    text = client.get(LIST).content.decode()
    found = re.findall(r'<t[dh] class="field-(\w+)[^"]*">(.*?)</t[dh]>', text)
    return {name: re.sub("<.*?>", "", cell) for name, cell in found}


def test_the_state_stands_right_after_the_number(admin_client: Client, alice: Person) -> None:
    mail_to(alice)
    assert list(cells(admin_client))[:3] == ["id", "standing", "short_title"]


def test_a_long_title_leaves_room_for_the_rest(admin_client: Client, alice: Person) -> None:
    mail_to(alice, title="Kite " * 30)
    assert len(cells(admin_client)["short_title"]) <= 60


def test_people_go_by_their_names(admin_client: Client, alice: Person) -> None:
    mail_to(alice)
    assert cells(admin_client)["person_name"] == str(alice)


def test_mails_of_deleted_people_are_listed_by_number_and_cost_no_queries_each(admin_client: Client) -> None:
    counts = []
    for number in (2, 6):
        for pk in make_people(number):
            mail_to(Person.objects.get(pk=pk))
            Person.objects.filter(pk=pk)._raw_delete("default")
        admin_client.get(LIST)
        with CaptureQueriesContext(connection) as captured:
            assert cells(admin_client)["person_name"].startswith("#")
        counts.append(len(captured))
    assert counts[0] == counts[1]


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"sent_at": MOMENT}, "2033"),
        ({"state": "pending", "available_at": MOMENT}, "due 2033"),
        ({"state": "held", "available_at": MOMENT}, "due 2033"),
        ({"state": "dead", "available_at": MOMENT}, "-"),
    ],
)
def test_when_it_was_sent_or_is_due_is_one_column(
    admin_client: Client, alice: Person, fields: dict[str, Any], said: str
) -> None:
    mail_to(alice, **fields)
    assert cells(admin_client)["due_or_sent"].startswith(said)


@pytest.mark.parametrize(
    ("failed", "said"), [(0, "waits: It is the person&#x27;s quiet hours."), (1, "retrying")]
)
def test_what_was_put_off_without_a_failure_says_what_it_waits_for(
    admin_client: Client, alice: Person, failed: int, said: str
) -> None:
    mail = mail_to(alice, state="retrying", failed=failed, last_error="It is the person's quiet hours.")
    assert cells(admin_client)["standing"] == said
    assert said in page_of(admin_client, mail)
    assert Delivery.objects.get().state == "retrying"


def test_attempts_and_preview_come_before_everything_else(admin_client: Client, alice: Person) -> None:
    mail = mail_to(alice)
    DeliveryAttempt.objects.create(delivery=mail, succeeded=True, answer="250 Queued")
    text = page_of(admin_client, mail)
    order = [text.index(each) for each in ("250 Queued", "<iframe", "What it says", "How it is sent")]
    assert order == sorted(order)
    assert text.count("<iframe") == text.count("250 Queued") == 1


def test_of_an_error_the_first_line_is_shown_and_the_rest_unfolded(
    admin_client: Client, alice: Person
) -> None:
    mail = mail_to(alice, state="dead", last_error="KeyError: kite\nTraceback <here>")
    text = page_of(admin_client, mail)
    assert "KeyError: kite<details><summary>all of it</summary><pre>Traceback &lt;here&gt;</pre>" in text
    assert text.count("Traceback") == 1


def test_an_attempt_says_what_went_wrong_once_and_when_to_the_second(
    admin_client: Client, alice: Person
) -> None:
    mail = mail_to(alice, state="retrying", failed=1, available_at=MOMENT)
    DeliveryAttempt.objects.create(delivery=mail, succeeded=False, answer="421 Try again", at=MOMENT)
    text = page_of(admin_client, mail)
    assert text.count("421 Try again") == 1
    assert len(SHOWN.findall(text)) == 2, "the attempt, and the next"
