"""The mailbox of the demo: what is sent is kept, shown to whom it was sent, and whatever it is, shown."""

import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage as Letter
from pathlib import Path
from typing import Any

import pytest
from django.core.mail import EmailMessage, EmailMultiAlternatives, get_connection
from django.db import connections
from django.test import Client
from hypothesis import HealthCheck, given
from hypothesis import settings as limits
from hypothesis import strategies as st
from playwright.sync_api import Browser, expect
from pytest_django import Settings

from capabilities.people.models import Person
from engagement.models.delivery_states import DeliveryState
from project.mailbox import box, message
from tests.browser import Web, browser, log_in, picture
from tests.cluster import ROOT, environment
from tests.conftest import make_person, need
from tests.engagement.mails import mail_to
from tests.engagement.samples import fill_inbox

pytestmark = pytest.mark.django_db

BACKEND = "project.mailbox.EmailBackend"
HTML = "<!doctype html><html><head><title>x</title></head><body><p>Kite <b>was</b> launched</p></body></html>"


@pytest.fixture(autouse=True)
def mailbox(settings: Settings, tmp_path: Path) -> Path:
    """An empty mailbox."""
    settings.MAILBOX = tmp_path / "mail"
    return tmp_path / "mail"


def send(*recipients: str, subject: str = "Kite launched", html: str = HTML, **fields: Any) -> None:
    """Send a mail as the channel does."""
    mail = EmailMultiAlternatives(
        subject,
        "Kite was launched.",
        "Carillon <no-reply@carillon.example>",
        list(recipients),
        connection=get_connection(BACKEND),
        **fields,
    )
    if html:
        mail.attach_alternative(html, "text/html")
    assert mail.send() == 1


def keep(content: bytes | str, recipient: str = "alice@kiteworks.example") -> str:
    """Keep a mail that we would not have written; return its key."""
    box.deliver(recipient, "x@y.example", content if isinstance(content, bytes) else content.encode())
    return box.mails()[0].key


def page(person: Person, address: str = "", **data: str) -> Any:
    """Return what a person sees at an address of the mailbox."""
    client = Client()
    client.force_login(person)
    return client.get(f"/mailbox/{address}", data)


def test_what_waits_for_a_digest_is_counted_for_its_person_only(alice: Person, bob: Person) -> None:
    assert "next digest" not in seen(alice)
    for wait in ("hourly digest", "daily digest"):
        mail_to(alice, state=DeliveryState.HELD, wait=wait)
    mail_to(alice)
    assert "2 more to you wait for your next digest." in seen(alice)
    assert "next digest" not in seen(bob)


def seen(person: Person, address: str = "", **data: str) -> str:
    """Return the page, which is there."""
    answer = page(person, address, **data)
    assert answer.status_code == 200
    return str(answer.content.decode())


@pytest.fixture
def admin(db: None) -> Person:
    """A member of staff, without an address."""
    return Person.objects.create_user("admin", "", "carillon", is_staff=True)


# What is sent is kept


def test_a_mail_is_kept_as_it_would_have_been_sent() -> None:
    send("Alice <alice@kiteworks.example>", headers={"Message-ID": "<1@carillon.example>"})
    (mail,) = box.mails()
    assert (mail.owner, mail.subject) == ("alice@kiteworks.example", "Kite launched")
    assert mail.recipients == "Alice <alice@kiteworks.example>"
    assert datetime.now(UTC) - mail.received < timedelta(minutes=1)
    content = box.content_of(mail.key) or b""
    assert content.startswith(
        b"Return-Path: <no-reply@carillon.example>\nDelivered-To: alice@kiteworks.example\n"
    )
    assert b"\nMessage-ID: <1@carillon.example>\n" in content


def test_each_recipient_has_their_own_even_if_no_header_names_them() -> None:
    send("alice@kiteworks.example", cc=["bob@kiteworks.example"], bcc=["carol@kiteworks.example"])
    assert {mail.owner.partition("@")[0] for mail in box.mails()} == {"alice", "bob", "carol"}
    assert not any(b"Bcc" in (box.content_of(mail.key) or b"") for mail in box.mails())


def test_several_are_sent_with_one_connection_and_counted() -> None:
    mails = [EmailMessage(f"Number {number}", "x", None, ["a@b.example"]) for number in range(3)]
    assert get_connection(BACKEND).send_messages(mails) == 3
    assert [mail.subject for mail in box.mails()] == ["Number 2", "Number 1", "Number 0"]


def test_only_the_newest_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(box, "MOST", 3)
    for number in range(5):
        send("alice@kiteworks.example", subject=f"Number {number}")
    assert [mail.subject for mail in box.mails()] == ["Number 4", "Number 3", "Number 2"]


def test_newest_is_what_came_last_not_what_sorts_last() -> None:
    """Maildir writes microseconds without leading zeroes."""
    names = ["5.M10P1Q1.h", "5.M9P1Q1.h", "10.M1P1Q1.h"]
    assert sorted(names, key=box._order) == ["5.M9P1Q1.h", "5.M10P1Q1.h", "10.M1P1Q1.h"]


SEND = """
import django; django.setup()
from django.core.mail import get_connection, EmailMessage
for number in range(30):
    get_connection("project.mailbox.EmailBackend").send_messages([EmailMessage("x", "y", None, ["a@b.example"])])
"""


def test_several_processes_can_send_at_the_same_time(mailbox: Path) -> None:
    command = [sys.executable, "-c", SEND]
    processes = [subprocess.Popen(command, cwd=ROOT, env=environment(mailbox=mailbox)) for _ in range(3)]
    assert [process.wait(60) for process in processes] == [0, 0, 0]
    assert len(box.mails()) == 90


def test_several_threads_can_send_at_the_same_time() -> None:
    def deliver() -> None:
        for _ in range(30):
            box.deliver("a@b.example", "c@d.example", b"Subject: x\n\ny\n")

    threads = [threading.Thread(target=deliver) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(box.mails()) == 120


# Who sees what


def test_one_sees_the_mails_to_ones_own_address_newest_first(alice: Person, bob: Person) -> None:
    send(alice.email, subject="First")
    send(bob.email, subject="Of Bob")
    send(alice.email.upper(), subject="Second")
    text = seen(alice)
    assert text.index("Second") < text.index("First")
    assert "Of Bob" not in text
    assert "no-reply@carillon.example" in text


def test_staff_see_all(admin: Person, alice: Person, bob: Person) -> None:
    send(alice.email, subject="Of Alice")
    send(bob.email, subject="Of Bob")
    text = seen(admin)
    assert "Of Alice" in text
    assert "Of Bob" in text
    for mail in box.mails():
        assert seen(admin, f"{mail.key}/")


@pytest.mark.parametrize("place", ["", "html/", "source/"])
def test_somebody_elses_mail_is_not_there(alice: Person, bob: Person, place: str) -> None:
    send(alice.email)
    (mail,) = box.mails()
    assert page(alice, f"{mail.key}/{place}").status_code == 200
    assert page(bob, f"{mail.key}/{place}").status_code == 404
    answer = Client().get(f"/mailbox/{mail.key}/{place}")
    assert answer["Location"].startswith("/login/")


def test_a_header_that_names_somebody_else_does_not_show_it_to_them(alice: Person, bob: Person) -> None:
    key = keep(f"Delivered-To: {bob.email}\nTo: {bob.email}\nSubject: Secret\n\nx")
    assert page(bob, f"{key}/").status_code == 404
    assert "Secret" not in seen(bob)
    assert "Secret" in seen(alice)


def test_who_has_no_address_sees_none() -> None:
    nobody = make_person("nobody")
    Person.objects.filter(pk=nobody.pk).update(email="")
    nobody.refresh_from_db()
    keep("Subject: Lost\n\nx", recipient="")
    assert "There are no mails yet" in seen(nobody)


@pytest.mark.parametrize("key", ["1.M1P1Q1.h", "..", "..%2F..%2Fmanage.py", "new", "%00", "x" * 300])
def test_what_is_no_key_is_not_there(alice: Person, key: str) -> None:
    send(alice.email)
    for place in ("", "html/", "source/"):
        assert page(alice, f"{key}/{place}").status_code == 404


def test_only_the_demo_has_a_link_to_it(alice: Person, settings: Settings) -> None:
    link = '<a href="/mailbox/" aria-current="page">Mailbox</a>'
    assert link in seen(alice)
    settings.MAILBOX = None
    client = Client()
    client.force_login(alice)
    assert "Mailbox" not in client.get("/inbox/").content.decode()


def test_many_are_on_several_pages(alice: Person) -> None:
    for number in range(51):
        box.deliver(alice.email, "x@y.example", f"Subject: Number {number}.\n\nx".encode())
    first, second = seen(alice), seen(alice, page="2")
    assert "Number 50." in first
    assert "Number 0." not in first
    assert '<a href="?page=2">Older</a>' in first
    assert "Number 0." in second
    assert "Number 50." not in second
    assert "Number 50." in seen(alice, page="nonsense")


# What a mail looks like


def test_a_mail_is_shown_as_text_and_as_html_in_a_frame_of_its_own(alice: Person) -> None:
    send(alice.email, headers={"List-Id": "<product.carillon.example>"})
    key = box.mails()[0].key
    text = seen(alice, f"{key}/")
    assert "Kite was launched." in text
    assert f'<iframe src="/mailbox/{key}/html/"' in text
    assert "<b>was</b>" not in text, "its HTML is not ours"
    assert "<dt>List-Id</dt><dd>&lt;product.carillon.example&gt;</dd>" in text
    assert "<b>was</b>" in seen(alice, f"{key}/html/")


def test_the_frame_can_do_nothing_but_open_links(alice: Person) -> None:
    send(alice.email, html="<script>alert(1)</script><a href='https://x.example'>x</a>")
    key = box.mails()[0].key
    assert 'sandbox="allow-popups allow-popups-to-escape-sandbox"' in seen(alice, f"{key}/")
    answer = page(alice, f"{key}/html/")
    policy = answer["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; style-src 'unsafe-inline'; ")
    assert policy.endswith("sandbox allow-popups allow-popups-to-escape-sandbox")
    assert answer["X-Frame-Options"] == "SAMEORIGIN"
    assert answer.content.startswith(b'<!doctype html><base target="_blank">')
    assert page(alice, f"{key}/")["X-Frame-Options"] == "DENY"


def test_the_source_is_plain_text(alice: Person) -> None:
    send(alice.email)
    key = box.mails()[0].key
    answer = page(alice, f"{key}/source/")
    assert answer["Content-Type"] == "text/plain; charset=utf-8"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer.content == box.content_of(key)


def test_without_html_there_is_no_frame(alice: Person) -> None:
    send(alice.email, html="")
    key = box.mails()[0].key
    assert "<iframe" not in seen(alice, f"{key}/")
    assert page(alice, f"{key}/html/").status_code == 404


def test_files_are_not_shown_as_the_text() -> None:
    letter = Letter()
    letter["Subject"] = "With a file"
    letter.set_content("The text.")
    letter.add_attachment("the file", filename="file.txt")
    assert (message.read(bytes(letter)).text or "").strip() == "The text."


# Whatever it is

HOSTILE: list[tuple[bytes, str]] = [
    (b"", "(no subject)"),
    (b"\n", "(no subject)"),
    (b"no headers at all", "(no subject)"),
    (b"Subject: x\nDate: nonsense\n\ny", ">x<"),
    (b"Subject: =?nonsense?q?Kite?=\n\ny", "Kite"),
    (b"Subject: =?base64?b?S2l0ZQ==?=\n\ny", "Kite"),
    (b"Subject: =?utf-8?b?S2l0Z?=\n\ny", "=?utf-8?b?"),
    (b"Subject: =?utf-8?q?K=FFite?= and =?utf-8?q?=F0=9F=AA=81?=\n\ny", "\N{KITE}"),
    (b"Subject: K\xffite \xf0\x9f\xaa\x81\n\ny", "\N{KITE}"),
    (b"Subject: \\u26 =?utf-8?q?Kite?= \\x\n\ny", "Kite"),
    (b"Subject: <script>alert(1)</script>\n\n<script>alert(2)</script>", "&lt;script&gt;alert(2)"),
    (b"Subject: x\nSubject: y\nFrom: a\nFrom: b\n\nz", ">x<"),
    (b"Subject: " + b"Kite " * 200_000 + b"\n\ny", "Kite Kite"),
    (b"Subject: x\n\n" + b"Kite " * 2_000_000, "Kite Kite"),
    (b"Content-Type: text/plain; charset=nonsense\n\nK\xffite", "ite</pre>"),
    (b"Content-Type: text/plain; charset=base64\n\nKite", "Kite</pre>"),
    (b'Content-Type: text/plain; charset="a\0b"\n\nKite', "Kite</pre>"),
    (b"Content-Type: text/plain; charset*=nonsense'x'%ff%fe\n\nKite", "Kite</pre>"),
    (b"Content-Type: text/plain; charset=idna\n\nKite\xff", "Kite"),
    (b"Content-Type: text/plain; charset=rot13\n\nKite", "Kite"),
    (b"Content-Type: text/plain\nContent-Transfer-Encoding: base64\n\n!!!", "As text"),
    (b"Content-Type: text/plain\nContent-Transfer-Encoding: quoted-printable\n\n=ZZ=", "As text"),
    (b"Content-Type: text/plain\nContent-Transfer-Encoding: x-uuencode\n\nbegin", "As text"),
    (b"Content-Type: text/plain\nContent-Transfer-Encoding: \xff\n\nKite", "Kite"),
    (b"Content-Type: \xff/\xff; charset=\xff\n\nKite", "its source has everything"),
    (b"Content-Type: multipart/mixed\n\nno boundary", "its source has everything"),
    (b"Content-Type: multipart/mixed; boundary=b\n\n--b\n", "As text"),
    (b"Content-Type: text/html; boundary=b\n\n\0<p>x", "As mail programs show it"),
    (b"Content-Type: text/html\nContent-Disposition: \xff\n\n<p>x", "As mail programs show it"),
    (
        b"".join(b"Content-Type: multipart/mixed; boundary=%d\n\n--%d\n" % (n, n) for n in range(3000)),
        "its source has everything",
    ),
    (b"".join(b"Content-Type: message/rfc822\n\n" for _ in range(3000)), "its source has everything"),
]


@pytest.mark.parametrize(("content", "expected"), HOSTILE)
def test_a_hostile_mail_is_shown_as_well_as_it_can_be(alice: Person, content: bytes, expected: str) -> None:
    key = keep(content)
    assert expected in seen(alice, f"{key}/")
    assert key in seen(alice)
    assert page(alice, f"{key}/html/").status_code in {200, 404}
    assert page(alice, f"{key}/source/").content.endswith(content)


LINES = st.sampled_from(
    [
        b"Content-Type: multipart/mixed; boundary=b",
        b"Content-Type: text/html; charset=utf-7",
        b"Content-Type: message/delivery-status",
        b"Content-Transfer-Encoding: base64",
        b"Subject: =?utf-8?b?S2l0ZQ==?= =?x",
        b"--b",
        b"--b--",
        b"",
        b" ",
    ]
)


@given(content=st.lists(LINES | st.binary(max_size=40), max_size=30).map(b"\n".join))
@limits(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_bytes_can_be_read(content: bytes) -> None:
    found = message.read(content)
    texts = [text for header in found.headers for text in header] + [found.text or "", found.html or ""]
    assert all(text.encode("utf-8").decode("utf-8") == text for text in texts), "it can be put on a page"
    message.headers(content)


def test_a_mail_that_was_forgotten_meanwhile_is_passed_over(
    alice: Person, mailbox: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    send(alice.email, subject="Gone")
    key = box.mails()[0].key
    monkeypatch.setattr(box, "_newest", lambda found: [key])
    (mailbox / "new" / key).unlink()
    assert "There are no mails yet" in seen(alice)
    assert page(alice, f"{key}/").status_code == 404


def test_a_header_cannot_be_slipped_in_by_a_recipient() -> None:
    box_of = EmailMessage("x", "y", "a@b.example", bcc=["c@d.example\nX-Own: yes"], to=["e@f.example"])
    get_connection(BACKEND).send_messages([box_of])
    contents = [box.content_of(mail.key) or b"" for mail in box.mails()]
    assert not any(b"\nX-Own" in content for content in contents)


# In a browser


@pytest.fixture
def chromium(monkeypatch: pytest.MonkeyPatch) -> Iterator[Browser]:
    """A browser."""
    program = need("chromium")
    # The browser's driver runs a loop in this thread, where Django has other connections: to be closed, too.
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
    with browser(program) as found:
        yield found
        connections.close_all()


LINKED = """<!doctype html><html><head><meta name="color-scheme" content="light dark"></head>
<body><h1>Kite Works</h1><p>Kite was <b>launched</b>.</p><script>document.body.textContent = "owned"</script>
<p><a href="{url}/products/">See it</a></p></body></html>"""


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("width", "scheme"), [(360, "dark"), (1280, "light")])
def test_one_reads_a_mail_and_follows_its_link_without_any_script(
    alice: Person, chromium: Browser, mailbox: Path, monkeypatch: pytest.MonkeyPatch, width: int, scheme: Any
) -> None:
    monkeypatch.setenv("TEST_MAILBOX", str(mailbox))
    Person.objects.update(is_staff=True)  # who has most links at the top
    fill_inbox(alice, 120)
    with Web() as web:
        send(alice.email, subject="Kite launched " + "x" * 120, html=LINKED.format(url=web.url))
        context = chromium.new_context(viewport={"width": width, "height": 844}, color_scheme=scheme)
        page = context.new_page()
        log_in(page, web.url, "alice")
        page.get_by_role("link", name="Mailbox").click()
        assert page.evaluate("document.documentElement.scrollWidth") == width
        picture(page, f"mailbox-{width}")
        page.get_by_role("link", name="Kite launched").click()
        page.get_by_text("All headers").click()
        expect(page.get_by_text("Delivered-To")).to_be_visible()
        frame = page.frame_locator("iframe")
        expect(frame.get_by_text("Kite was launched.")).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth") == width
        picture(page, f"mail-{width}")
        with context.expect_page() as opened:
            frame.get_by_role("link", name="See it").click()
        expect(opened.value.get_by_role("heading", name="Products")).to_be_visible()
