"""The whole way with real worker processes."""

from collections.abc import Callable

import pytest
from django.test import Client

from capabilities.people.models import Organisation, Person
from engagement.models import AppNotification, NotifiableEvent


@pytest.mark.cluster
@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("setup_async_environment")
def test_a_product_created_in_the_page_is_in_the_managers_inboxes(
    organisation: Organisation,
    alice: Person,
    bob: Person,
    carol: Person,
    dave: Person,
    wait_for_notifications: Callable[..., list[AppNotification]],
) -> None:
    browser = Client()
    browser.force_login(alice)
    answer = browser.post("/products/new/", {"name": "Kite", "owner": organisation.pk})
    assert answer.status_code == 302
    others = wait_for_notifications({"title": "Alice Arden created Kite"}, expected_count=2)
    assert {each.person_id for each in others} == {bob.pk, carol.pk}
    (mine,) = wait_for_notifications({"person": alice})
    assert mine.title == "Your product Kite is live"
    assert not NotifiableEvent.objects.filter(person=dave).exists()
    assert "Your product Kite is live" in browser.get("/inbox/").content.decode()
