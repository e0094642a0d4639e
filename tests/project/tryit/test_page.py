"""The page "Try it": two people of the demo side by side, for whoever is there."""

import re
from typing import Any

import pytest
from django.test import Client
from pytest_django import Settings

from capabilities.people.models import Person
from capabilities.product_management.models import Product
from engagement.models import AppNotification, Endpoint, Mute, NotifiableEvent
from events.models import EventLog
from events.testing import work_off
from project.mailbox import box
from project.tryit import outage, store
from project.tryit.actions import is_collecting
from tests.conftest import make_person
from tests.engagement.samples import notified

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("loaded")]

PAGE = "/tryit/"
ACTIONS = ["create", "rename", "describe", "mute", "digest", "read"]


def seen(page: Client, address: str = PAGE, **data: str) -> str:
    answer: Any = page.get(address, data)
    assert answer.status_code == 200
    return str(answer.content.decode())


def do(page: Client, who: str, action: str, /, **data: Any) -> str:
    """Do something as somebody, and return the page that follows."""
    answer: Any = page.post(f"{PAGE}{who}/{action}/", data, follow=True)
    assert answer.redirect_chain[0][1] == 302
    return str(answer.content.decode())


@pytest.fixture
def no_http(loaded: None) -> None:
    """Nobody listens where these would go: here the far ends are called by a client."""
    Endpoint.objects.filter(channel__in=["push", "webhook"]).delete()


def made(page: Client, name: str = "Kite") -> Product:
    do(page, "alice", "create", name=name)
    return Product.objects.latest("pk")


# What one can do


def test_a_product_is_created_as_that_person_and_nobody_is_logged_in(page: Client, alice: Person) -> None:
    text = do(page, "alice", "create", name="Kite <1>")
    assert "Alice Arden created Kite &lt;1&gt;." in text
    assert EventLog.objects.get().actor == alice
    assert "_auth_user_id" not in page.session
    assert page.get("/inbox/")["Location"].startswith("/login/")


def test_it_is_renamed_and_described(page: Client) -> None:
    product = made(page)
    assert "Bob Byrne renamed Kite to Kite II." in do(
        page, "bob", "rename", product=product.pk, name="Kite II"
    )
    assert "wrote a new description of Kite II." in do(page, "bob", "describe", product=product.pk)
    assert list(EventLog.objects.order_by("pk").values_list("type", flat=True)) == [
        "product.created",
        "product.updated",
        "product.updated",
    ]


def test_the_same_name_is_no_event(page: Client) -> None:
    product = made(page)
    text = do(page, "alice", "rename", product=product.pk, name="Kite")
    assert "nothing has happened, so nobody is told." in text
    assert EventLog.objects.count() == 1


def test_it_is_muted_and_heard_of_again(page: Client, bob: Person) -> None:
    product = made(page)
    assert "Bob hears nothing more of Kite." in do(page, "bob", "mute", product=product.pk)
    assert Mute.objects.get().person == bob
    assert "Bob hears of Kite again." in do(page, "bob", "mute", product=product.pk)
    assert not Mute.objects.exists()


def test_the_digest_is_switched_on_and_off(page: Client, bob: Person) -> None:
    assert "Bob gets mails about products once a day now." in do(page, "bob", "digest")
    assert is_collecting(bob)
    assert "Bob gets mails about products at once now." in do(page, "bob", "digest")
    assert not is_collecting(bob)


def test_everything_is_read_that_was_shown(page: Client, alice: Person, bob: Person) -> None:
    rows = [notified(bob), notified(bob)]
    notified(alice)
    assert "Bob has read everything." in do(page, "bob", "read", up_to=rows[0].pk)
    assert [row.is_read for row in AppNotification.objects.order_by("pk")] == [True, False, False]


@pytest.mark.parametrize("name", ["", "x" * 201, "a\0b"])
def test_a_name_that_is_none_is_refused_in_words(page: Client, name: str) -> None:
    answer: Any = page.post(f"{PAGE}alice/create/", {"name": name}, follow=True)
    assert 'class="error"' in answer.content.decode()
    assert not Product.objects.exists()


def test_who_does_not_manage_anything_is_told_so(page: Client) -> None:
    assert "Dave Doyle does not manage Kite Works." in do(page, "dave", "create", name="Kite")
    assert not Product.objects.exists()


def test_who_does_something_stays_with_the_same_two_people(page: Client) -> None:
    answer: Any = page.post(f"{PAGE}carol/digest/", {"left": "carol", "right": "dave"})
    assert answer["Location"] == f"{PAGE}?left=carol&right=dave"


# What one sees


@pytest.mark.usefixtures("no_http")
def test_what_went_out_is_shown_with_its_time_and_the_way_of_the_event(page: Client, bob: Person) -> None:
    made(page)
    work_off()
    text = seen(page)
    steps = re.findall('<span class="step">(.*?)</span>', text)
    assert steps == ["published", "logged", "handled", "decided", "written", "sent"]
    assert "Alice Arden created Kite" in text
    assert "3 inboxes, 3 messages" in text
    assert "to +1 202-555-0142" in text, "the text message to Bob"
    (mail,) = [each for each in box.mails() if each.owner == bob.email]
    assert f"{PAGE}bob/mail/{mail.key}/" in text


@pytest.mark.usefixtures("no_http")
def test_a_digest_is_shown_as_what_waits(page: Client) -> None:
    made(page)
    work_off()
    assert "It waits for your daily digest" in seen(page, left="carol", right="dave")


@pytest.mark.usefixtures("no_http")
def test_what_is_refused_meanwhile_is_shown_with_what_was_said(page: Client) -> None:
    answer: Any = page.post(f"{PAGE}stop/email/", follow=True)
    assert "Stopped for 30 s: the mail server." in answer.content.decode()
    made(page)
    with pytest.raises(AssertionError, match="Out of order"):
        work_off()
    assert "ConnectionRefusedError: Out of order, for the sake of the demo." in seen(page)
    page.post(f"{PAGE}stop/email/")
    assert outage.seconds_left("email") == 0


def test_two_are_shown_and_never_one_twice(page: Client) -> None:
    def names(**data: str) -> list[str]:
        return re.findall(r'<h2 id="name-(\w+)">', seen(page, **data))

    assert names() == ["alice", "bob"]
    assert names(left="carol", right="dave") == ["carol", "dave"]
    assert names(left="carol", right="carol") == ["carol", "alice"]
    assert names(left="nobody", right="\0") == ["alice", "bob"]


def test_only_what_has_changed_is_sent_again(page: Client, bob: Person) -> None:
    seen_by_page = re.search("seen=([0-9a-f.]+)", seen(page))
    assert seen_by_page
    data = {"seen": seen_by_page[1]}
    assert page.get(f"{PAGE}now/", data).status_code == 204
    notified(bob)
    text = seen(page, f"{PAGE}now/", **data)
    assert 'id="inbox-bob"' in text
    assert 'id="inbox-alice"' not in text
    assert 'id="arrived-bob"' not in text


def test_without_people_it_says_how_to_get_them(page: Client) -> None:
    Person.objects.update(is_active=False)
    assert "make run" in seen(page)
    assert page.get(f"{PAGE}now/").status_code == 200


@pytest.mark.usefixtures("no_http")
def test_every_notification_says_why(page: Client, bob: Person) -> None:
    made(page)
    work_off()
    row = NotifiableEvent.objects.get(person=bob)
    assert f"{PAGE}bob/why/{row.pk}/" in seen(page)
    text = seen(page, f"{PAGE}bob/why/{row.pk}/")
    assert "Why did Bob get this?" in text
    assert "you manage this product or its organisation" in text


def test_the_page_is_linked_from_the_login_and_at_the_top(page: Client, alice: Person) -> None:
    page.force_login(alice)
    assert '<a href="/tryit/" aria-current="page">Try it</a>' in seen(page)


# Of whom: the people of the demo, and nobody else


@pytest.fixture
def mallory(organisation: Any) -> Person:
    """Has an account, and is none of the demo's."""
    return make_person("mallory", first_name="Mallory")


@pytest.mark.parametrize("action", ACTIONS)
def test_nobody_else_can_be_acted_for(page: Client, mallory: Person, admin_user: Person, action: str) -> None:
    for name in ("mallory", "admin", "nobody"):
        assert page.post(f"{PAGE}{name}/{action}/", {"name": "Kite"}).status_code == 404
    assert not EventLog.objects.exists()


def test_nor_be_looked_at(page: Client, mallory: Person) -> None:
    row = notified(mallory)
    box.deliver(mallory.email, "x@y.example", b"Subject: Secret\nContent-Type: text/html\n\nx")
    key = box.mails()[0].key
    assert "Mallory" not in seen(page, left="mallory")
    for name in ("mallory", "alice"):
        assert page.get(f"{PAGE}{name}/why/{row.event_id}/").status_code == 404
        assert page.get(f"{PAGE}{name}/mail/{key}/").status_code == 404


@pytest.mark.parametrize("field", ["is_staff", "is_superuser"])
def test_somebody_of_the_same_name_who_may_do_more_is_none_of_the_demo(page: Client, field: str) -> None:
    Person.objects.filter(username="alice").update(**{field: True})
    assert page.post(f"{PAGE}alice/create/", {"name": "Kite"}).status_code == 404
    assert "Alice" not in seen(page)


def test_nor_is_one_who_does_not_work_there(page: Client, organisation: Any) -> None:
    organisation.roles.filter(person__username="alice").delete()
    assert page.post(f"{PAGE}alice/create/", {"name": "Kite"}).status_code == 404


def test_one_person_cannot_see_what_is_anothers(page: Client, alice: Person, bob: Person) -> None:
    row = notified(bob)
    box.deliver(bob.email, "x@y.example", b"Subject: Of Bob\nContent-Type: text/html\n\nx")
    key = box.mails()[0].key
    assert page.get(f"{PAGE}bob/mail/{key}/").status_code == 200
    assert page.get(f"{PAGE}alice/mail/{key}/").status_code == 404
    assert page.get(f"{PAGE}bob/why/{row.event_id}/").status_code == 200
    assert page.get(f"{PAGE}alice/why/{row.event_id}/").status_code == 404
    assert page.get(f"{PAGE}alice/why/{2**63}/").status_code == 404


def test_products_of_others_cannot_be_changed(page: Client, mallory: Person) -> None:
    product = Product.objects.create(name="Private", person=mallory)
    for number in (product.pk, 0, "x", 2**70):
        for action in ("rename", "describe", "mute"):
            answer = page.post(f"{PAGE}alice/{action}/", {"product": number, "name": "Mine"})
            assert answer.status_code == 404
    product.refresh_from_db()
    assert product.name == "Private"


def test_outside_the_demo_there_is_no_page(page: Client, demo: Settings, alice: Person) -> None:
    demo.TRYIT = None
    page.force_login(alice)
    for address in (PAGE, f"{PAGE}now/", f"{PAGE}alice/why/1/", f"{PAGE}alice/mail/x/"):
        assert page.get(address).status_code == 404
    for address in (f"{PAGE}stop/email/", *(f"{PAGE}alice/{action}/" for action in ACTIONS)):
        assert page.post(address, {"name": "Kite"}).status_code == 404
    assert "Try it" not in page.get("/inbox/").content.decode()
    assert not Product.objects.exists()


# How


@pytest.mark.parametrize("address", ["stop/email/", *(f"alice/{action}/" for action in ACTIONS)])
def test_what_changes_something_is_a_post_from_the_page(page: Client, address: str) -> None:
    assert page.get(f"{PAGE}{address}").status_code == 405
    foreign = Client(enforce_csrf_checks=True)
    assert foreign.post(f"{PAGE}{address}", {"name": "Kite"}).status_code == 403
    assert store.kept() == []


def test_only_what_there_is_can_be_stopped(page: Client) -> None:
    for name in ("app", "..", "sms"):
        assert page.post(f"{PAGE}stop/{name}/").status_code in {404, 405}


def test_the_mail_in_its_frame_can_do_nothing(page: Client, bob: Person) -> None:
    box.deliver(bob.email, "x@y.example", b"Subject: x\nContent-Type: text/html\n\n<script>1</script>")
    answer = page.get(f"{PAGE}bob/mail/{box.mails()[0].key}/")
    assert answer["Content-Security-Policy"].startswith("default-src 'none'")
    assert answer["X-Frame-Options"] == "SAMEORIGIN"


@pytest.mark.usefixtures("no_http")
def test_the_number_of_queries_does_not_grow(page: Client, django_assert_max_num_queries: Any) -> None:
    for number in range(8):
        made(page, f"Kite {number}")
    work_off()
    with django_assert_max_num_queries(40):
        seen(page)
    with django_assert_max_num_queries(32):
        seen(page, f"{PAGE}now/")
