"""Every page: what somebody meets who is signed out, out of date, or on a phone."""

import pytest
from django.test import Client

from capabilities.people.models import Person
from engagement.models import AppNotification
from tests.engagement.samples import notified

pytestmark = pytest.mark.django_db

INBOX = "/inbox/"
CHANGES = ["/inbox/{}/open/", "/inbox/{}/read/", "/inbox/{}/unread/", "/inbox/read/"]


# What changes something is a POST


@pytest.mark.parametrize("place", CHANGES)
def test_a_click_after_the_session_has_expired_leads_to_the_inbox(
    client: Client, alice: Person, place: str
) -> None:
    row = notified(alice)
    answer = client.post(place.format(row.pk))
    assert answer["Location"] == f"/login/?next={INBOX}"
    answer = client.post(answer["Location"], {"username": "alice", "password": "carillon"}, follow=True)
    assert answer.redirect_chain == [(INBOX, 302)]
    assert answer.status_code == 200
    assert row.title in answer.content.decode()


@pytest.mark.parametrize("place", CHANGES)
@pytest.mark.parametrize("method", ["get", "head"])
def test_a_get_of_what_changes_something_changes_nothing_and_leads_to_the_inbox(
    client: Client, alice: Person, place: str, method: str
) -> None:
    client.force_login(alice)
    unread, read = notified(alice), notified(alice)
    read.mark_as_read()
    before = list(AppNotification.objects.values())
    for row in (unread, read):
        answer = getattr(client, method)(place.format(row.pk))
        assert (answer.status_code, answer["Location"]) == (302, INBOX)
    assert list(AppNotification.objects.values()) == before


@pytest.mark.parametrize("place", CHANGES)
@pytest.mark.parametrize("method", ["put", "patch", "delete"])
def test_another_method_is_refused(client: Client, alice: Person, place: str, method: str) -> None:
    client.force_login(alice)
    assert getattr(client, method)(place.format(notified(alice).pk)).status_code == 405
