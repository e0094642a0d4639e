"""The mails, for operators: what became of each, what it says, and sending it again."""

from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import DjangoCaptureOnCommitCallbacks, Settings

from capabilities.people.models import Person
from engagement.decide import Wait
from engagement.links import preferences_url, unsubscribe_url
from engagement.models import (
    Delivery,
    DeliveryAttempt,
    EmailNotification,
    NotificationRule,
    Suppression,
)
from engagement.models.delivery_states import DeliveryState, Feedback
from engagement.registry import MASK
from events.drain import drain
from events.sql import execute, fetch
from tests.conftest import make_people
from tests.engagement.admin.pages import place
from tests.engagement.mails import digest_of, mail_to
from tests.engagement.samples import published
from tests.probe.events import Told
from tests.smtp import SmtpServer

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def base_url(settings: Settings) -> None:
    """Where the links in mails lead; without it there are no mails."""
    settings.ENGAGEMENT_BASE_URL = "https://carillon.example"


LIST = "/admin/engagement/emailnotification/"
HOSTILE = "<script>alert(1)</script>"
DUE_AGAIN = "1 message was made due again; whether it is sent is decided anew."


def listed(client: Client, **query: Any) -> list[int]:
    """Return the primary keys of the mails in the list."""
    answer = client.get(LIST, query)
    assert answer.status_code == 200
    return [row.pk for row in answer.context["cl"].result_list]


def page_of(client: Client, mail: Delivery) -> str:
    answer = client.get(place(EmailNotification, "change", mail.pk))
    assert answer.status_code == 200
    return answer.content.decode()


def preview_of(client: Client, mail: Delivery, *, query: str = "") -> Any:
    return client.get(f"{place(EmailNotification, 'preview', mail.pk)}{query}")


def send_again(client: Client, *mails: Delivery) -> list[str]:
    """Choose these in the list; return what the page says."""
    chosen = {"action": "send_again", "_selected_action": [mail.pk for mail in mails]}
    answer = client.post(LIST, chosen, follow=True)
    return [str(message) for message in answer.context["messages"]]


def state_of(mail: Delivery) -> str:
    return Delivery.objects.get(pk=mail.pk).state


@pytest.fixture
def staff(client: Client, bob: Person) -> Client:
    """A browser in which somebody is logged in who may do nothing yet."""
    Person.objects.filter(pk=bob.pk).update(is_staff=True)
    client.force_login(bob)
    return client


def permit(person: Person, action: str) -> None:
    person.user_permissions.add(Permission.objects.get(codename=f"{action}_emailnotification"))


# The list


def test_what_became_of_each_is_listed(admin_client: Client, alice: Person) -> None:
    mail_to(alice, state=DeliveryState.PENDING, wait=Wait.TO_BE_READ)
    mail_to(alice, feedback=Feedback.BOUNCED)
    text = admin_client.get(LIST).content.decode()
    for said in ("Kite was told", alice.email, "pending", "being read in the inbox", "bounced"):
        assert said in text


def test_messages_of_other_channels_are_not_listed(admin_client: Client, alice: Person) -> None:
    other = mail_to(alice, channel="pigeon")
    assert listed(admin_client) == []
    assert admin_client.get(place(EmailNotification, "change", other.pk)).status_code == 302
    assert preview_of(admin_client, other).status_code == 404


@pytest.mark.parametrize(
    "query",
    [
        {"state__exact": "dead"},
        {"feedback__exact": "bounced"},
        {"wait": "hourly digest"},
        {"is_digest__exact": "1"},
    ],
)
def test_the_list_is_filtered(admin_client: Client, alice: Person, query: dict[str, str]) -> None:
    mail_to(alice)
    item = mail_to(alice, wait=Wait.HOURLY)
    digest_of(alice, item, state=DeliveryState.DEAD, feedback=Feedback.BOUNCED, sent_at=None)
    found = listed(admin_client, **query)
    assert found == [item.pk if "wait" in query else Delivery.objects.get(is_digest=True).pk]


def test_what_is_in_a_digest_can_be_listed(admin_client: Client, alice: Person) -> None:
    mail_to(alice)
    items = [mail_to(alice), mail_to(alice)]
    assert listed(admin_client, digest=digest_of(alice, *items).pk) == [each.pk for each in reversed(items)]


def test_a_mail_is_searched_by_what_is_known_of_it(admin_client: Client, alice: Person, bob: Person) -> None:
    mail = mail_to(alice, provider_id="883953f4", event_id=published(Told(people=[])).envelope.id)
    mail_to(bob)
    known = (mail.message_id, mail.provider_id, alice.pk, mail.event_id, alice.email, alice.email.upper())
    for term in known:
        assert mail.pk in listed(admin_client, q=str(term)), term
    assert len(listed(admin_client, q=alice.email)) == 1


@pytest.mark.parametrize(
    "term", ["Kite", "kiteworks", "@", "a@b@c", "'; --", "9" * 30, "\0", "é", "-1", "<msg_0@nowhere>"]
)
def test_any_search_is_harmless(admin_client: Client, alice: Person, term: str) -> None:
    mail_to(alice)
    assert listed(admin_client, q=term) == [] or term == "\0"


def test_a_search_is_answered_by_indexes(admin_client: Client) -> None:
    people = make_people(2)
    execute(
        """INSERT INTO engagement_delivery
                  (notifiable_id, event_id, person_id, channel, endpoint, message_id, provider_id, priority,
                   failed, crashed, state, available_at, finished_at, created_at, delete_at)
           SELECT n, n / 10, %s + n / 50, 'email', 'a@b.example', '<' || n || '@x>', 'p' || n, 5, 0, 0,
                  'succeeded', now(), now(), now(), now() FROM generate_series(1, 50000) n""",
        [people[0]],
    )
    execute("ANALYZE engagement_delivery")
    with CaptureQueriesContext(connection) as captured:
        assert len(listed(admin_client, q="<777@x>")) == 1
        assert len(listed(admin_client, q=str(people[0] + 500))) >= 50
    asked = [each["sql"] for each in captured if 'FROM "engagement_delivery"' in each["sql"]]
    assert len(asked) == 4
    for sql in asked:
        plan = "\n".join(row[0] for row in fetch("EXPLAIN " + sql.replace("%", "%%")))
        assert "Seq Scan on engagement_delivery" not in plan, plan
        assert "delivery_message_id" in plan, plan


def test_a_secret_is_masked(admin_client: Client, alice: Person) -> None:
    mail = mail_to(
        alice,
        event_type="test.whispered",
        title="Code: open sesame",
        message="open sesame",
        url="/open sesame/",
    )
    digest = digest_of(alice, mail)
    for text in (
        admin_client.get(LIST).content.decode(),
        page_of(admin_client, mail),
        page_of(admin_client, digest),
    ):
        assert MASK in text
        assert "open sesame" not in text
    for each in (mail, digest):
        assert "open sesame" not in preview_of(admin_client, each).content.decode()
        assert "<iframe" not in page_of(admin_client, each)


# The page of one


def test_everything_that_is_known_of_it_is_on_its_page(admin_client: Client, alice: Person) -> None:
    event = published(Told(people=[])).envelope.id
    mail = mail_to(
        alice, event_id=event, message="It flies.", last_error="421 Try again", provider_id="883953f4"
    )
    DeliveryAttempt.objects.create(delivery=mail, succeeded=False, answer="421 Try again later")
    DeliveryAttempt.objects.create(delivery=mail, succeeded=True, answer="250 2.0.0 Queued as 4711")
    text = page_of(admin_client, mail)
    for said in ("It flies.", "421 Try again later", "250 2.0.0 Queued as 4711", "883953f4", alice.email):
        assert said in text
    for link in (
        f"/admin/people/person/{alice.pk}/change/",
        f"/admin/events/eventlog/{event}/change/",
        f"/admin/engagement/notifiableevent/{mail.notifiable_id}/change/",
    ):
        assert f'href="{link}"' in text
    assert 'name="_save"' not in text


def test_a_digest_and_what_is_in_it_lead_to_each_other(admin_client: Client, alice: Person) -> None:
    item = mail_to(alice)
    digest = digest_of(alice, item)
    assert f'href="{place(EmailNotification, "change", digest.pk)}"' in page_of(admin_client, item)
    assert f'href="{place(EmailNotification, "change", item.pk)}"' in page_of(admin_client, digest)


def test_of_a_digest_of_very_many_the_first_are_listed(admin_client: Client, alice: Person) -> None:
    digest = digest_of(alice, *(mail_to(alice) for _ in range(51)))
    assert page_of(admin_client, digest).count("Kite was told") == 50


def test_a_page_takes_as_many_queries_for_many_attempts_as_for_few(
    admin_client: Client, alice: Person
) -> None:
    mail = mail_to(alice)
    page_of(admin_client, mail)  # what is looked up once for all pages
    counts = []
    for _round in range(2):
        DeliveryAttempt.objects.bulk_create(DeliveryAttempt(delivery=mail, succeeded=False) for _ in range(5))
        with CaptureQueriesContext(connection) as captured:
            page_of(admin_client, mail)
        counts.append(len(captured))
    assert counts[0] == counts[1]


def test_hostile_texts_do_nothing(admin_client: Client, alice: Person) -> None:
    texts = dict.fromkeys(("title", "message", "endpoint", "last_error", "reason", "about", "url"), HOSTILE)
    mail = mail_to(alice, **texts, state=DeliveryState.DEAD)
    DeliveryAttempt.objects.create(delivery=mail, succeeded=False, answer=HOSTILE)
    for text in (admin_client.get(LIST).content.decode(), page_of(admin_client, digest_of(alice, mail))):
        assert HOSTILE not in text
    assert HOSTILE not in page_of(admin_client, mail)


# The preview


def test_the_mail_is_shown_as_it_would_be_sent(admin_client: Client, alice: Person) -> None:
    mail = mail_to(alice, message="It flies.", url="/products/1/")
    html, text = preview_of(admin_client, mail), preview_of(admin_client, mail, query="?text")
    assert html.headers["Content-Type"] == "text/html; charset=utf-8"
    assert text.headers["Content-Type"] == "text/plain; charset=utf-8"
    for answer in (html, text):
        assert answer.status_code == 200
        assert "It flies." in answer.content.decode()
    assert "<html" not in text.content.decode()


def test_a_digest_is_shown_as_it_would_be_sent(admin_client: Client, alice: Person) -> None:
    digest = digest_of(alice, mail_to(alice, title="Kite one"), mail_to(alice, title="Kite two"))
    text = preview_of(admin_client, digest).content.decode()
    assert "Kite one" in text
    assert "Kite two" in text


@pytest.mark.parametrize("query", ["", "?text"])
def test_nobody_can_be_unsubscribed_by_it(admin_client: Client, alice: Person, query: str) -> None:
    """Whoever has the link in a person's mail needs no login."""
    token = unsubscribe_url(alice.pk, ["test"])
    item = mail_to(alice)
    for mail in (item, digest_of(alice, item)):
        shown = preview_of(admin_client, mail, query=query).content.decode()
        assert token not in shown
        assert "/inbox/u/" not in shown
        assert preferences_url() in shown
        assert "nsubscribe" in shown, "it is in the mail, and looks like it"


def test_nothing_in_it_can_do_anything(admin_client: Client, alice: Person) -> None:
    mail = mail_to(alice, title=HOSTILE, message=HOSTILE)
    answer = preview_of(admin_client, mail)
    assert HOSTILE not in answer.content.decode()
    assert answer.headers["Content-Security-Policy"] == "default-src 'none'; style-src 'unsafe-inline'"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["X-Frame-Options"] == "SAMEORIGIN"
    assert f'<iframe sandbox src="{place(EmailNotification, "preview", mail.pk)}"' in page_of(
        admin_client, mail
    )


@pytest.mark.parametrize("state", DeliveryState)
def test_what_cannot_be_written_any_more_breaks_no_page(
    admin_client: Client, alice: Person, state: DeliveryState
) -> None:
    lease = {"lease_token": "00000000-0000-7000-8000-000000000000", "lease_until": timezone.now()}
    mail = mail_to(alice, notifier="long.Gone", state=state, **(lease if state == "running" else {}))
    Person.objects.filter(pk=alice.pk)._raw_delete("default")
    assert preview_of(admin_client, mail).status_code == 200
    page_of(admin_client, mail)


def test_a_preview_changes_nothing(admin_client: Client, alice: Person) -> None:
    mail = mail_to(alice)
    address = place(EmailNotification, "preview", mail.pk)
    assert admin_client.post(address).status_code == 405
    assert admin_client.get(place(EmailNotification, "preview", 0)).status_code == 404


# Permissions


def test_who_may_not_look_sees_nothing(staff: Client, client: Client, alice: Person) -> None:
    mail = mail_to(alice, state=DeliveryState.DEAD)
    pages = [LIST, *(place(EmailNotification, page, mail.pk) for page in ("change", "history", "preview"))]
    for page in pages:
        assert staff.get(page).status_code == 403
    assert staff.post(place(EmailNotification, "send_again", mail.pk)).status_code == 403
    client.force_login(alice)
    for page in pages:
        assert client.get(page).status_code == 302
    assert state_of(mail) == DeliveryState.DEAD


def test_who_may_look_cannot_send_again(staff: Client, alice: Person, bob: Person) -> None:
    permit(bob, "view")
    mail = mail_to(alice, state=DeliveryState.DEAD)
    assert "send-again" not in page_of(staff, mail)
    assert "421" not in page_of(staff, mail)
    assert "Send again" not in staff.get(LIST).content.decode()
    assert staff.post(place(EmailNotification, "send_again", mail.pk)).status_code == 403
    send_again(staff, mail)
    assert state_of(mail) == DeliveryState.DEAD


def test_who_may_look_sees_the_attempts(staff: Client, alice: Person, bob: Person) -> None:
    permit(bob, "view")
    mail = mail_to(alice)
    DeliveryAttempt.objects.create(delivery=mail, succeeded=True, answer="250 OK, queued")
    assert "250 OK, queued" in page_of(staff, mail)


def test_who_may_change_can_send_again_and_nothing_else(staff: Client, alice: Person, bob: Person) -> None:
    permit(bob, "change")
    mail = mail_to(alice, state=DeliveryState.DEAD)
    assert 'name="_save"' not in page_of(staff, mail)
    assert send_again(staff, mail) == [DUE_AGAIN]


# Sending again


@pytest.mark.parametrize("state", [DeliveryState.DEAD, DeliveryState.SKIPPED])
def test_what_was_not_sent_is_due_again(admin_client: Client, alice: Person, state: DeliveryState) -> None:
    mail = mail_to(alice, state=state, failed=20, last_error="550 No")
    assert send_again(admin_client, mail) == [DUE_AGAIN]
    mail.refresh_from_db()
    assert (mail.state, mail.failed, mail.last_error, mail.finished_at) == ("pending", 0, "", None)
    assert LogEntry.objects.get().object_id == str(mail.pk)


def test_what_was_sent_is_not_sent_twice(admin_client: Client, alice: Person) -> None:
    dead, sent = mail_to(alice, state=DeliveryState.DEAD), mail_to(alice)
    waiting = mail_to(alice, state=DeliveryState.PENDING)
    retracted = mail_to(alice, state=DeliveryState.CANCELLED)
    assert send_again(admin_client, dead, sent, waiting, retracted) == [
        DUE_AGAIN,
        "3 were left out: they have been sent or taken back, or are to be sent in any case.",
    ]
    states = [state_of(each) for each in (dead, sent, waiting, retracted)]
    assert states == ["pending", "succeeded", "pending", "cancelled"]


def test_what_is_due_again_may_be_skipped_again(
    server: SmtpServer, admin_client: Client, alice: Person
) -> None:
    mail = mail_to(alice, state=DeliveryState.SKIPPED, last_error="skipped: endpoint suppressed")
    Suppression.objects.create(channel="email", endpoint=alice.email)
    assert send_again(admin_client, mail) == [DUE_AGAIN]
    drain("delivery")
    assert (state_of(mail), server.received) == ("skipped", [])


@pytest.mark.parametrize("state", [DeliveryState.SKIPPED, DeliveryState.CANCELLED])
def test_of_what_was_erased_there_is_nothing_to_send(
    admin_client: Client, alice: Person, state: DeliveryState
) -> None:
    """Its subject would be three asterisks."""
    mail = mail_to(alice, event_type="test.whispered", title=MASK, state=state)
    assert "has been erased" in page_of(admin_client, mail)
    assert "send-again" not in page_of(admin_client, mail)
    assert send_again(admin_client, mail) == [
        "1 was left out: there was a secret in it, which has been erased. Publish the event anew."
    ]
    assert Delivery.objects.filter(pk=mail.pk).requeue() == 0
    assert state_of(mail) == state


def test_what_is_dead_still_has_its_secret_to_send(
    server: SmtpServer, admin_client: Client, alice: Person
) -> None:
    mail = mail_to(alice, event_type="test.whispered", title="open sesame", state=DeliveryState.DEAD)
    assert "has been erased" not in page_of(admin_client, mail)
    assert send_again(admin_client, mail) == [DUE_AGAIN]
    NotificationRule.objects.create(event_type="test.whispered", channels=["email"])
    drain("delivery")
    (received,) = server.received
    assert received.message["Subject"] == "open sesame"


def test_a_worker_is_woken(
    admin_client: Client,
    alice: Person,
    monkeypatch: pytest.MonkeyPatch,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    woken: list[str] = []
    monkeypatch.setattr("events.queue.wake", woken.append)
    with django_capture_on_commit_callbacks(execute=True):
        send_again(admin_client, mail_to(alice, state=DeliveryState.DEAD))
    assert woken == ["delivery"]


def test_there_is_a_button_for_it_on_its_page(admin_client: Client, alice: Person) -> None:
    mail = mail_to(alice, state=DeliveryState.DEAD)
    address = place(EmailNotification, "send_again", mail.pk)
    assert f'action="{address}"' in page_of(admin_client, mail)
    assert admin_client.get(address).status_code == 405
    assert admin_client.post(address).headers["Location"] == place(EmailNotification, "change", mail.pk)
    assert state_of(mail) == DeliveryState.PENDING
    assert f'action="{address}"' not in page_of(admin_client, mail)
