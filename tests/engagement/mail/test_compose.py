"""What a mail says, and what its bytes are."""

import re
from dataclasses import replace
from datetime import UTC, datetime
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from typing import Any

import pytest
from django.test import override_settings
from hypothesis import example, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from pytest_django import Settings

from engagement.channels.base import DeliveryError, DigestItem, Outgoing
from engagement.mail import Mail, compose, message_id
from engagement.mail.compose import SUBJECT_LENGTH
from tests.engagement.messages import BASE_URL, CREATED, ITEMS, NOW, digest, outgoing

#: Whatever there can be in a text, and more often what headers are made of.
HOSTILE = st.text(
    st.one_of(st.characters(), st.sampled_from("\r\n\t\x0b\x85\u2028\u202e\u2066 ,;:<>@\"\\()=?_-.'")),
    max_size=300,
)


@pytest.fixture(autouse=True)
def base_url(settings: Settings) -> None:
    """Give links a host."""
    settings.ENGAGEMENT_BASE_URL = BASE_URL


def raw(message: Outgoing) -> bytes:
    """Return the bytes that a server would get."""
    return bytes(compose(message).message().as_bytes(linesep="\r\n"))


def parsed(message: Outgoing) -> EmailMessage:
    """Return the mail as its recipient's program reads it."""
    found = BytesParser(policy=policy.default).parsebytes(raw(message))
    assert isinstance(found, EmailMessage)
    return found


def headers_of(data: bytes) -> list[bytes]:
    """Return the lines of the headers as they are."""
    return data.partition(b"\r\n\r\n")[0].split(b"\r\n")


def text_of(message: Outgoing) -> str:
    """Return the plain text."""
    return str(compose(message).body)


def html_of(message: Outgoing) -> str:
    """Return the HTML."""
    return str(compose(message).alternatives[0][0])


def test_a_mail_has_the_headers_by_which_programs_know_what_it_is() -> None:
    found = parsed(CREATED)
    assert found["Subject"] == "Kite was created"
    assert found["From"] == "webmaster@localhost"
    assert found["To"] == "Alice Arden <alice@kiteworks.example>"
    assert found["Message-ID"] == CREATED.message_id
    assert found["Auto-Submitted"] == "auto-generated"
    assert found["X-Auto-Response-Suppress"] == "All"
    assert found["List-Id"] == "Product <product.carillon.example>"
    assert found["X-Notification-Reason"] == "you manage this product or its organisation"
    assert found["Feedback-ID"] == "product:product_management.product.created:carillon:carillon"
    assert found["List-Unsubscribe"] == f"<{CREATED.unsubscribe_url}>"
    assert found["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert [part.get_content_type() for part in found.iter_parts()] == ["text/plain", "text/html"]


def test_each_header_is_there_once() -> None:
    names = [name.lower() for name in parsed(CREATED)]
    assert len(names) == len(set(names))


def test_the_sender_is_a_setting(settings: Settings) -> None:
    settings.DEFAULT_FROM_EMAIL = "site@carillon.example"
    assert parsed(CREATED)["From"] == "site@carillon.example"
    settings.ENGAGEMENT_FROM_EMAIL = "Glockenspiel für alle <bells@carillon.example>"
    assert parsed(CREATED)["From"] == "Glockenspiel für alle <bells@carillon.example>"


def test_mails_about_the_same_answer_the_same_id_and_keep_their_own() -> None:
    one, two = parsed(outgoing()), parsed(outgoing())
    other = parsed(outgoing(thread="product_management.product:2"))
    assert one["References"] == one["In-Reply-To"] == two["In-Reply-To"] != other["In-Reply-To"]
    assert re.fullmatch(r"<thread\.[0-9a-f]{32}@carillon\.example>", one["In-Reply-To"])
    assert one["Message-ID"] != two["Message-ID"]


def test_what_belongs_to_nothing_and_digests_answer_no_mail() -> None:
    for message in (outgoing(thread=""), digest(thread="product_management.product:1")):
        found = parsed(message)
        assert "In-Reply-To" not in found
        assert "References" not in found


def test_a_retry_is_the_same_mail() -> None:
    one, two = compose(CREATED), compose(CREATED)
    assert (one.subject, one.body, one.alternatives, one.extra_headers) == (
        two.subject,
        two.body,
        two.alternatives,
        two.extra_headers,
    )


def test_a_mandatory_mail_offers_no_unsubscribing() -> None:
    message = outgoing(unsubscribe_url="")
    assert "List-Unsubscribe" not in parsed(message)
    assert "List-Unsubscribe-Post" not in parsed(message)
    assert "Unsubscribe" not in text_of(message)
    assert "Unsubscribe" not in html_of(message)


@pytest.mark.parametrize(
    ("url", "is_offered"),
    [
        ("https://carillon.example/u/1/", True),
        ("http://localhost:8000/u/1/", True),
        ("http://127.0.0.1:8000/u/1/", True),
        ("http://carillon.example/u/1/", False),
        ("http://localhost.evil.example/u/1/", False),
        ("mailto:x@carillon.example", False),
        ("https://carillon.example/" + "u" * 1000, False),
        ("https://[", False),
    ],
)
def test_one_click_unsubscribing_wants_encryption_but_on_the_own_machine(url: str, is_offered: bool) -> None:
    found = parsed(outgoing(unsubscribe_url=url))
    assert ("List-Unsubscribe" in found) is is_offered
    assert ("List-Unsubscribe-Post" in found) is is_offered


def test_identifiers_and_the_address_for_unsubscribing_are_never_folded() -> None:
    url = f"{BASE_URL}/notifications/unsubscribe/{'x,;' * 60}/"
    lines = headers_of(raw(outgoing(unsubscribe_url=url, message_id=f"<{'f' * 150}@carillon.example>")))
    assert f"List-Unsubscribe: <{url}>".encode() in lines
    assert f"Message-ID: <{'f' * 150}@carillon.example>".encode() in lines
    assert any(line.startswith(b"In-Reply-To: <thread.") for line in lines)


def test_feedback_is_by_kind_and_not_by_person(settings: Settings) -> None:
    settings.ENGAGEMENT_SENDER_ID = "kite:works"
    found = parsed(outgoing(category="Produkt: Ä\r\nX: 1", event_type="a:b"))
    assert found["Feedback-ID"] == "Produkt-X-1:a-b:carillon:kite-works"


def test_a_title_is_one_line_of_a_bounded_length() -> None:
    found = parsed(outgoing(title="Kite\r\nBcc: eve@evil.example\n\x0b\u2028was   sold" + " and sold" * 100))
    assert found["Subject"].startswith("Kite Bcc: eve@evil.example was sold and sold")
    assert len(found["Subject"]) <= SUBJECT_LENGTH
    assert found["Subject"].endswith("…")
    assert "Bcc" not in found


def test_a_title_that_looks_encoded_is_shown_as_it_is() -> None:
    found = parsed(outgoing(title="=?utf-8?q?Bcc=3A_eve=0D=0AX=3A_1?="))["Subject"]
    assert found.replace("\u2060", "") == "=?utf-8?q?Bcc=3A_eve=0D=0AX=3A_1?="


def test_no_title_turns_the_direction_of_what_follows() -> None:
    assert parsed(outgoing(title="Kite \u202eexe.gpj\u202c \u2066x"))["Subject"] == "Kite exe.gpj x"


def test_ten_kilobytes_of_emoji_are_one_subject() -> None:
    data = raw(outgoing(title="👩🏽‍🚀" * 700, message="👩🏽‍🚀" * 700))
    assert max(map(len, data.split(b"\r\n"))) <= 998
    assert sum(line.startswith(b"Subject:") for line in headers_of(data)) == 1
    assert parsed(outgoing(title="👩🏽‍🚀" * 700))["Subject"].startswith("👩🏽‍🚀" * 10)


@given(title=HOSTILE, person=HOSTILE, thread=HOSTILE, category=HOSTILE, message=HOSTILE, reason=HOSTILE)
@example("\ud800", "\ud800", "\ud800", "\ud800", "\ud800", "\ud800")
@example("a" * 5000, "b" * 5000, "c" * 5000, "d" * 5000, "e" * 5000, "ä" * 5000)
@example('"', '"\\', "<>", "=?utf-8?q?=0D=0A?=", ".\r\n.", "=?x?b?y?=")
def test_nothing_that_anybody_writes_changes_what_the_headers_are(
    title: str, person: str, thread: str, category: str, message: str, reason: str
) -> None:
    texts = {"title": title, "person": person, "thread": thread, "category": category, "message": message}
    texts |= {"reason": reason, "reason_for_machines": reason}
    with override_settings(ENGAGEMENT_BASE_URL=BASE_URL):
        data, usual = raw(outgoing(**texts)), raw(outgoing())
    assert b"\r" not in data.replace(b"\r\n", b"")
    assert b"\n" not in data.replace(b"\r\n", b"")
    assert max(map(len, data.split(b"\r\n"))) <= 998
    assert data.isascii()
    found = BytesParser(policy=policy.default).parsebytes(data)
    names = {line.split(b":")[0].decode() for line in headers_of(usual) if line[:1] != b" "}
    assert set(found) <= names
    assert names - set(found) <= {"In-Reply-To", "References", "X-Notification-Reason"}
    assert len(found.keys()) == len(set(found))
    assert [(each.username, each.domain) for each in found["To"].addresses] == [
        ("alice", "kiteworks.example")
    ]
    for name in ("Message-ID", "In-Reply-To"):
        assert re.fullmatch(r"<[\w.-]+@carillon\.example>", found.get(name, "<a@carillon.example>"))
    assert re.search(r"<[a-z0-9_-]+\.carillon\.example>$", found["List-Id"])
    for header in found.values():
        assert not header.defects
        assert header == header.strip()


@given(HOSTILE.filter(lambda text: text.isprintable() and "\u2060" not in text))
def test_a_printable_title_is_the_subject(title: str) -> None:
    with override_settings(ENGAGEMENT_BASE_URL=BASE_URL):
        found = parsed(outgoing(title=title))["Subject"].replace("\u2060", "")
    whole = " ".join(title.split())
    assert found == whole or (found.endswith("…") and whole.startswith(found[:-1]))


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Alice Arden", "Alice Arden"),
        ("", ""),
        ("Zoë Müller", "Zoë Müller"),
        ('Al "Ace" Arden, <eve@evil.example>', 'Al "Ace" Arden, <eve@evil.example>'),
        ("Alice\r\nBcc: eve@evil.example", "Alice Bcc: eve@evil.example"),
    ],
)
def test_a_mail_is_to_one_person_whatever_they_are_called(name: str, shown: str) -> None:
    (to,) = parsed(outgoing(person=name))["To"].addresses
    assert (to.display_name, to.addr_spec) == (shown, "alice@kiteworks.example")


@pytest.mark.parametrize(
    ("endpoint", "address"),
    [
        ("alice@Kiteworks.example", "alice@Kiteworks.example"),
        (" alice@kiteworks.example ", "alice@kiteworks.example"),
        ("alice@drachenwörks.example", "alice@xn--drachenwrks-yfb.example"),
        ("alice@mail", "alice@mail"),
        ("o'brien+tag@kiteworks.example", "o'brien+tag@kiteworks.example"),
        ('"alice arden"@kiteworks.example', '"alice arden"@kiteworks.example'),
    ],
)
def test_an_address_is_as_servers_take_it(endpoint: str, address: str) -> None:
    assert parsed(outgoing(endpoint=endpoint, person=""))["To"] == address


@pytest.mark.parametrize(
    "endpoint",
    [
        "",
        "alice",
        "alice@",
        "@kiteworks.example",
        "älice@kiteworks.example",
        "alice@kiteworks.example, eve@evil.example",
        "alice@kiteworks.example\r\nBcc: eve@evil.example",
        "al\nice@kiteworks.example",
        "alice@" + "x" * 64 + "ä.example",
        "alice arden@kiteworks.example",
    ],
)
def test_what_is_no_address_is_refused_for_good(endpoint: str) -> None:
    with pytest.raises(DeliveryError) as refused:
        compose(outgoing(endpoint=endpoint))
    assert (refused.value.permanent, refused.value.suppress) == (True, False)


def test_the_text_is_readable_without_a_browser() -> None:
    assert text_of(CREATED) == (
        "Kite was created\n\n"
        "Bob Byrne created Kite.\nIt is <b>not</b> on sale & has no price yet.\n\n"
        "Open it:\nhttps://carillon.example/products/1/\n\n"
        "-- \n"
        "You get this because you manage this product or its organisation.\n\n"
        "Why did I get this?\nhttps://carillon.example/notifications/why/1/\n\n"
        "Notification settings\nhttps://carillon.example/notifications/preferences/#product\n\n"
        "Unsubscribe\n"
        "https://carillon.example/notifications/unsubscribe/MQpwcm9kdWN0.abcdefghijklmnopqrstuv/\n"
    )


def test_the_text_is_wrapped_but_for_addresses() -> None:
    url = f"{BASE_URL}/{'x' * 200}"
    found = text_of(outgoing(message="word " * 100, url=url)).splitlines()
    assert url in found
    assert max(len(line) for line in found if "https://" not in line) <= 72


def test_the_html_shows_texts_and_runs_none_of_them() -> None:
    found = html_of(outgoing(title="<script>alert(1)</script>", person="<b>", reason='"><img src=x>'))
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in found
    assert "<script" not in found
    assert "<img" not in found
    assert "Bob Byrne created Kite.<br>It is &lt;b&gt;not&lt;/b&gt; on sale &amp; has no price yet." in found


def test_the_html_loads_nothing_and_leads_where_it_says() -> None:
    found = html_of(CREATED)
    assert not re.search(r"<(img|link|script|iframe)\b|url\(|@import|\bsrc=", found)
    links = [CREATED.url, CREATED.why_url, CREATED.preferences_url, CREATED.unsubscribe_url]
    assert re.findall(r'href="([^"]+)"', found) == links
    assert "You get this because you manage this product or its organisation." in found


def test_the_text_is_beside_the_subject_before_the_mail_is_opened() -> None:
    (shown,) = re.findall(r'aria-hidden="true">([^&]+)', html_of(outgoing(message="Bob created\nit.")))
    assert shown == "Bob created it."


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "data:text/html,x", "", "file:///etc/passwd", "https://["]
)
def test_only_addresses_of_the_web_are_links(url: str) -> None:
    message = outgoing(url=url)
    assert html_of(message).count("href=") == 3
    assert "Open" not in text_of(message)


def test_who_was_named_is_told_so() -> None:
    assert "This was sent to you by name." in text_of(outgoing(reason=""))
    assert "This was sent to you by name." in html_of(outgoing(reason=""))


def test_the_layout_is_in_the_persons_language() -> None:
    message = outgoing(language="de", title="Drachen angelegt", reason="Sie das Produkt verwalten")
    assert "Sie erhalten diese Nachricht, weil Sie das Produkt verwalten." in text_of(message)
    assert "Abbestellen" in html_of(message)
    assert '<html lang="de" dir="ltr"' in html_of(message)
    assert parsed(message)["X-Notification-Reason"] == "you manage this product or its organisation"


@pytest.mark.parametrize(
    ("language", "attributes"),
    [
        ("en", 'lang="en" dir="ltr"'),
        ("", 'lang="en" dir="ltr"'),
        ("ar", 'lang="ar" dir="rtl"'),
        ("tlh", 'lang="tlh" dir="ltr"'),
    ],
)
def test_a_language_without_translations_is_still_declared(language: str, attributes: str) -> None:
    assert f"<html {attributes}" in html_of(outgoing(language=language))


@pytest.mark.parametrize(
    ("zone", "shown"),
    [
        ("Europe/Berlin", "8:45 p.m."),
        ("Asia/Kathmandu", "1:30 a.m."),
        ("", "7:45 p.m."),
        ("Mars/Olympus", "7:45 p.m."),
        ("../etc/passwd", "7:45 p.m."),
    ],
)
def test_moments_are_in_the_persons_time_zone(zone: str, shown: str) -> None:
    message = digest(ITEMS[:1], time_zone=zone)
    assert shown in text_of(message)
    assert shown in html_of(message)


def test_a_digest_says_how_many_and_which() -> None:
    assert (
        parsed(digest())["Subject"]
        == "4 notifications from Carillon: Kite was created, New login, Kite was renamed"
    )
    assert parsed(digest(ITEMS[:1]))["Subject"] == "1 notification from Carillon: Kite was created"
    assert parsed(digest(language="de"))["Subject"].startswith("4 Benachrichtigungen von Carillon: ")


def test_the_subject_of_a_digest_is_short_and_says_nothing_twice() -> None:
    items = [replace(ITEMS[0], title=title) for title in ("A" * 100, "B", "B", "C", "D")]
    found = parsed(digest(items, total=300))["Subject"]
    assert found == f"300 notifications from Carillon: {'A' * 59}…, B, C, …"


def test_a_digest_of_what_was_read_in_the_meantime_still_says_what() -> None:
    assert parsed(digest(ITEMS[3:]))["Subject"] == "1 notification from Carillon: Glider was sold"


def test_a_digest_is_by_category_and_what_was_read_comes_last() -> None:
    expected = [
        "Product",
        "Kite was created",
        "Kite was renamed",
        "Security",
        "New login",
        "Already read",
        "Glider was sold",
    ]
    for shown in (text_of(digest()), html_of(digest()).partition("<h1")[2]):
        places = [shown.index(each) for each in expected]
        assert places == sorted(places)
    assert (
        f"* Kite was created\n  Nov. 20, 2026, 8:45 p.m.\nBob created it.\n{BASE_URL}/products/1/"
        in text_of(digest())
    )


def test_a_digest_in_text_has_no_entities() -> None:
    items = [DigestItem("Kite & Co <new>", 'It\'s "new"', "", "r&d", NOW)]
    found = text_of(digest(items))
    assert "* Kite & Co <new>" in found
    assert 'It\'s "new"' in found
    assert "R&d" in found
    assert "Kite &amp; Co &lt;new&gt;" in html_of(digest(items))


def test_what_is_left_out_of_a_digest_is_one_click_away() -> None:
    message = digest(total=120)
    assert f"All 120 notifications:\n{BASE_URL}/notifications/" in text_of(message)
    assert ">All 120 notifications</a>" in html_of(message)
    assert ">Open your inbox</a>" in html_of(digest())


def test_a_digest_of_fifty_long_texts_is_shown_whole_by_gmail() -> None:
    url = f"{BASE_URL}/products/1/notifications/open/123456/"
    found = html_of(
        digest([DigestItem("Kite & Co " * 8, "word " * 1000, url, "product", NOW)] * 50, total=120)
    )
    assert len(found.encode()) < 102 * 1000
    assert "word…" in found


#: Latin, Cyrillic, CJK, emoji, and what HTML has longer words for; a line each, which is a tag.
SCRIPTS = ["word ", "слово ", "漢字仮名交じり文", "👩‍👩‍👧🎉", "<&\"'>", "&", "'\n", "я\n", "\u0300", "x"]


@pytest.mark.parametrize("language", ["en", "de", "ru"])
@pytest.mark.parametrize("script", SCRIPTS)
def test_gmail_shows_the_link_to_unsubscribe_in_whatever_script_a_digest_is(
    script: str, language: str
) -> None:
    items = [
        DigestItem((script * 400)[:400], script * 500, f"{BASE_URL}/?{number}", f"{script}{number}", NOW)
        for number in range(50)
    ]
    message = digest(items, total=50, language=language)
    found = html_of(message)
    assert len(found.encode()) < 100_000
    assert f'href="{message.unsubscribe_url}"' in found
    assert found.count(f"{BASE_URL}/?") >= 40


TEXTS = st.builds(
    lambda part, times: part * times, st.sampled_from(SCRIPTS) | st.text(max_size=20), st.integers(0, 500)
)


@given(
    st.lists(
        st.builds(
            DigestItem,
            TEXTS.map(lambda text: text[:400]),
            TEXTS.map(lambda text: text[:4000]),
            TEXTS.map(lambda text: f"{BASE_URL}/{text[:1900]}"),
            TEXTS.map(lambda text: text[:50]),
            st.just(NOW),
            st.booleans(),
        ),
        min_size=1,
        max_size=5,
    ),
    st.integers(1, 50),
)
@hypothesis_settings(max_examples=40, deadline=None)
def test_no_digest_is_cut_by_gmail(items: list[DigestItem], times: int) -> None:
    with override_settings(ENGAGEMENT_BASE_URL=BASE_URL):
        message = digest((items * times)[:50], total=300)
        found = html_of(message)
    assert len(found.encode()) < 100_000
    assert f'href="{message.unsubscribe_url}"' in found


def test_what_does_not_fit_into_a_digest_is_left_out_from_the_end_and_linked() -> None:
    url = f"{BASE_URL}/?{'&' * 1900}"
    items = [DigestItem(f"Kite {number}.", "So it is.", url, "product", NOW) for number in range(50)]
    found = html_of(digest(items))
    assert found.index("Kite 0.") < found.index("Kite 1.")
    assert "Kite 49." not in found
    assert ">All 50 notifications</a>" in found


def test_room_that_short_texts_leave_is_for_long_ones() -> None:
    short = [DigestItem("Kite", "Short.", "", "product", NOW)] * 49
    long = DigestItem("Kite", "'" * 500, "", "product", NOW)
    assert "&#x27;" * 500 in html_of(digest([*short, long]))


def test_a_title_in_a_digest_is_cut() -> None:
    assert "T" * 119 + "…" in html_of(digest([replace(ITEMS[0], title="T" * 400)]))


def test_a_digest_tells_when_mails_were_too_many() -> None:
    sentence = "More than 20 mails were due within an hour, so that the rest was collected here."
    assert sentence in text_of(digest(limit=20)).replace("\n", " ")
    assert sentence in html_of(digest(limit=20))
    assert "within an hour" not in html_of(digest())


def test_a_digest_is_a_kind_of_its_own() -> None:
    found = parsed(digest())
    assert found["List-Id"] == "Digest <digest.carillon.example>"
    assert found["Feedback-ID"] == "digest:digest:carillon:carillon"
    assert compose(digest()).tags == ["digest"]


def test_providers_can_tell_of_which_mail_they_speak() -> None:
    mail = compose(CREATED)
    assert isinstance(mail, Mail)
    assert mail.metadata == {"message_id": CREATED.message_id}
    assert mail.tags == ["product_management.product.created"]


@pytest.mark.parametrize(
    "base_url", ["http://[::1]:8000", "https://drachen.example", "https://münchen.example", "https://a b"]
)
def test_every_host_makes_valid_identifiers(settings: Settings, base_url: str) -> None:

    settings.ENGAGEMENT_BASE_URL = base_url
    found = parsed(outgoing(message_id=message_id("0f1e")))
    for name in ("Message-ID", "In-Reply-To"):
        assert re.fullmatch(r"<[\w.]+@[a-z0-9.-]+>", found[name])
        assert not found[name].defects


def test_a_date_is_when_it_is_sent_not_when_it_was_due() -> None:
    sent: Any = parsed(CREATED)["Date"]
    assert abs((sent.datetime.replace(tzinfo=UTC) - datetime.now(UTC)).total_seconds()) < 60
