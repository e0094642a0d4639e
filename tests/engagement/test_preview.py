"""What a wording that is not saved would say, of the example and of what happened."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import Settings

from engagement.models import NotificationTemplate
from engagement.notifier import Notifier
from engagement.preview import LATEST, Preview, preview
from engagement.registry import MASK, NotifierRegistry
from engagement.wording import Wording
from events.bus import EventLog, EventTypes, Payload
from events.sql import execute
from tests.engagement.samples import published
from tests.probe.events import Met, Told, Unheard, Whispered

pytestmark = pytest.mark.django_db


def tried(
    title: str, message: str = "", *, slug: str = "test.told", former: str | None = None, language: str = "en"
) -> Preview:
    """Preview a text that Alice writes."""
    before = None if former is None else Wording(former, "", "former")
    return preview(slug, language, Wording(title, message, "new"), before, person="Alice Arden")


def titles(found: Preview) -> list[str | None]:
    return [row.text.title if row.text else None for row in found.rows]


def test_the_example_comes_first_then_what_happened_the_latest_first() -> None:
    published(Told(people=[], name="Old"))
    published(Told(people=[], name="New"))
    published(Unheard())
    assert titles(tried("{{ name }}!")) == ["Kite!", "New!", "Old!"]


def test_the_last_few_are_looked_at_in_one_query() -> None:
    for number in range(LATEST + 5):
        published(Told(people=[], name=str(number)))
    with CaptureQueriesContext(connection) as queries:
        found = tried("{{ name }}")
    assert len(queries) == 1
    assert len(found.rows) == LATEST + 1
    assert titles(found)[1] == str(LATEST + 4)


def test_the_query_is_answered_by_the_index_of_types() -> None:
    execute(
        """INSERT INTO events_eventlog (event_id, type, version, payload, about, correlation_id, occurred_at, heard,
                                        delete_at)
           SELECT gen_random_uuid(), 'test.t' || n %% 100, 1, '{}', '', gen_random_uuid(), now(), true, now()
             FROM generate_series(1, 20000) n"""
    )
    execute("ANALYZE events_eventlog")
    with CaptureQueriesContext(connection) as queries:
        tried("{{ name }}")
    (query,) = queries.captured_queries
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN {query['sql']}")
        plan = "\n".join(line for (line,) in cursor.fetchall())
    assert "eventlog_type" in plan
    assert "Seq Scan" not in plan


def test_every_common_parameter_says_what_it_will() -> None:
    found = tried("{{ person }}|{{ site }}|{{ url }}", "{{ reason }}")
    text = found.rows[0].text
    assert text is not None
    assert text.title == "Alice Arden|Carillon|/products/1/"
    assert text.message == "you are on the list"


def test_it_is_in_the_language_of_the_wording() -> None:
    published(Met(people=[], at=datetime(2026, 3, 1, 12, tzinfo=UTC)))
    found = tried("{{ at|date:'F' }}", slug="test.met", language="de")
    assert titles(found) == ["Januar", "März"]


def test_a_type_without_a_notifier_has_no_example() -> None:
    published(Unheard())
    assert titles(tried("Something happened at {{ url }}", slug="test.unheard")) == ["Something happened at"]


def test_nothing_is_written_down() -> None:
    published(Told(people=[]))
    before = EventLog.objects.values().get()
    tried("{{ name }}")
    assert EventLog.objects.values().get() == before
    assert not NotificationTemplate.objects.exists()


@pytest.mark.parametrize(
    "text", ["{% load i18n %}", "{{ colour }}", "{{ name.x }}", "{% if name %}", "x" * 1_000_000]
)
def test_what_cannot_be_used_is_tried_on_nothing(text: str) -> None:
    found = tried("x", text)
    assert found.error
    assert not found.rows


def test_markup_is_text() -> None:
    published(Told(people=[], name="<script>alert(1)</script>"))
    assert titles(tried("<b>{{ name }}</b>"))[1] == "<b><script>alert(1)</script></b>"


# What would fail


def test_each_event_that_would_fail_is_named_with_why() -> None:
    published(Told(people=[], name=""))
    good = published(Told(people=[], name="Kite"))
    found = tried("{{ name }}")
    assert [bool(row.failure) for row in found.rows] == [False, False, True]
    assert found.rows[1].event is not None
    assert found.rows[1].event.pk == good.envelope.id
    assert list(found.failures) == ["the title is empty"]
    assert found.questionable


def test_nothing_fails_where_nothing_is_wrong() -> None:
    published(Told(people=[]))
    found = tried("{{ name }}")
    assert (found.failures, found.lost, found.questionable) == ({}, (), False)


# What would be lost


def test_a_parameter_that_the_former_text_used_is_lost() -> None:
    found = tried("Told", former="{{ name }} {{ person }}")
    assert found.lost == ("name", "person")
    assert found.questionable


def test_it_is_lost_to_those_events_that_have_something_to_say_there() -> None:
    published(Told(people=[], name=""))
    assert [row.lost for row in tried("Told", former="{{ name }}").rows] == [("name",), ()]


@pytest.mark.parametrize("former", ["{% if %}", "{{ colour.x }}", ""])
def test_a_former_text_that_never_worked_loses_nothing(former: str) -> None:
    assert tried("Told", former=former).lost == ()


# What cannot be read


def test_an_erased_event_is_skipped_and_said_so() -> None:
    event = published(Whispered(code="open sesame"))
    EventLog.objects.filter(pk=event.envelope.id).update(payload={"fail": False})
    (row,) = tried("Psst {{ code }}", slug="test.whispered").rows
    assert "erased" in row.unreadable
    assert not row.text
    assert not row.failure


def test_an_event_of_a_newer_version_is_skipped() -> None:
    EventLog.objects.filter(pk=published(Unheard()).envelope.id).update(version=7)
    (row,) = tried("Told", slug="test.unheard").rows
    assert "is not known to this process" in row.unreadable


def test_an_event_that_does_not_fit_its_type_is_skipped_without_telling_its_values() -> None:
    EventLog.objects.filter(pk=published(Told(people=[])).envelope.id).update(
        payload={"people": "open sesame"}
    )
    row = tried("{{ name }}").rows[1]
    assert row.unreadable == "ValidationError"


def test_a_capability_that_fails_takes_only_its_own_rows(declare: Callable[..., Notifier[Unheard]]) -> None:
    def url(self: object, event: Payload) -> str:
        raise LookupError("my-one-time-code")

    declare(list, url=url)
    published(Unheard())
    assert [row.unreadable for row in tried("Told", slug="test.unheard").rows] == ["LookupError"] * 2


# Secrets


@pytest.fixture
def whisperer(own_notifiers: NotifierRegistry) -> None:
    """A notifier of a secret, whose address has it too."""
    body = {
        "event": Whispered,
        "example": Whispered(code="open sesame"),
        "url": lambda self, event: f"/{event.code}/",
        "audience": lambda self, event: [],
        "__module__": "tests.own.notifiers",
    }
    type("Whisperer", (Notifier,), body)


@pytest.mark.usefixtures("whisperer")
@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("Your code: {{ code }}", f"Your code: {MASK}"),
        ("See {{ url }}", f"See {MASK}"),
        ("{{ code|length }}", "3"),
        ("{% if code == 'open sesame' %}right{% else %}wrong{% endif %}", "wrong"),
    ],
)
def test_a_secret_cannot_be_read_or_guessed(text: str, read: str) -> None:
    published(Whispered(code="open sesame"))
    found = tried(text, slug="test.whispered")
    assert titles(found) == [read, read]
    assert found.masked


def test_without_secrets_nothing_is_masked() -> None:
    assert not tried("{{ name }}").masked


def test_an_alias_does_not_hide_the_events() -> None:
    published(Met(people=[], at=timezone.now() - timedelta(days=1)))
    assert EventTypes.get("meeting") == "test.met"
    assert titles(tried("Met", slug="meeting")) == ["Met"]


# Text messages


def segments(text: str, *, slug: str = "test.told", channel: str = "sms") -> list[str]:
    """Return what each row of a text would become."""
    found = preview(slug, "en", Wording(text, "", "new"), channel=channel)
    return [str(row.segments) for row in found.rows]


def test_a_text_message_tells_how_many_it_becomes_and_why() -> None:
    published(Told(people=[], name="a" * 161))
    published(Told(people=[], name="न"))
    assert segments("{{ name }}") == [
        "1 segment, GSM-7",
        "1 segment, UCS-2 because of “न”",
        "2 segments, GSM-7",
    ]


def test_its_address_counts(settings: Settings) -> None:
    settings.ENGAGEMENT_BASE_URL = f"https://{'a' * 60}.{'b' * 60}.example"
    assert segments("{{ name }}") == ["1 segment, GSM-7"]
    assert segments("{{ name }} was created.") == ["2 segments, GSM-7"]


def test_what_cannot_be_told_has_no_length() -> None:
    published(Told(people=[], name=""))
    assert segments("{{ name }}") == ["1 segment, GSM-7", "None"]


def test_nothing_but_a_text_message_has_segments() -> None:
    assert segments("{{ name }}", channel="email") == segments("{{ name }}", channel="") == ["None"]


def test_a_secret_without_an_address_has_none_added(settings: Settings) -> None:
    settings.ENGAGEMENT_BASE_URL = f"https://{'a' * 60}.{'b' * 60}.example"
    published(Whispered(code="open sesame"))
    assert segments(f"{{{{ code }}}} {'a' * 100}", slug="test.whispered") == ["1 segment, GSM-7"]
