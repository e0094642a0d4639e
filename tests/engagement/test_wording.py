"""Which text is used: of which language, from the database or the file."""

from collections.abc import Callable
from pathlib import Path

import pytest
from pytest_django import Settings

from engagement import wording
from engagement.models import AppNotificationTemplate, NotificationTemplate
from engagement.wording import Wording, WordingError, find

pytestmark = pytest.mark.django_db

WriteWording = Callable[[str, str], Path]
THREE = """
[en.app]
title = "English"
[de.app]
title = "Deutsch"
message = "Nachricht"
[pt-br.app]
title = "Brasil"
"""


@pytest.fixture
def three_languages(write_wording: WriteWording) -> Path:
    """test.told in English, German and Brazilian Portuguese."""
    return write_wording("test.told", THREE)


@pytest.mark.usefixtures("three_languages")
@pytest.mark.parametrize(
    ("language", "title"),
    [
        ("en", "English"),
        ("de", "Deutsch"),
        ("de-at", "Deutsch"),
        ("pt-br", "Brasil"),
        ("pt", "English"),
        ("fr", "English"),
        ("fr-ca", "English"),
        ("", "English"),
    ],
)
def test_the_language_falls_back_to_its_base_and_to_the_installations(language: str, title: str) -> None:
    assert find("test.told", "app", language).title == title


@pytest.mark.usefixtures("three_languages")
def test_the_installations_language_may_be_of_a_region(settings: Settings) -> None:
    settings.LANGUAGE_CODE = "de-ch"
    assert find("test.told", "app", "fr").title == "Deutsch"


def test_a_file_names_itself_as_the_source(three_languages: Path) -> None:
    found = find("test.told", "app", "de")
    assert found == Wording("Deutsch", "Nachricht", f"{three_languages} [de.app]")


def test_every_capability_brings_its_own() -> None:
    assert find("product.created.creator", "app", "en").title == "Your product {{ name }} is live"
    assert find("product.created.creator", "email", "en").message.startswith("You are")


@pytest.mark.usefixtures("three_languages")
def test_a_missing_wording_is_an_error_that_names_the_file_to_write() -> None:
    with pytest.raises(WordingError, match=r"write notifications/test\.unheard\.toml"):
        find("test.unheard", "app", "en")
    with pytest.raises(WordingError, match=r"no wording of test\.unheard for email"):
        find("test.unheard", "email", "en")


@pytest.mark.usefixtures("three_languages")
def test_a_channel_without_words_of_its_own_has_those_of_the_inbox_in_the_same_language() -> None:
    assert find("test.told", "email", "de") == find("test.told", "app", "de")
    AppNotificationTemplate.objects.create(event_type="test.told", title_template="Edited", language="de")
    assert find("test.told", "email", "de").title == "Edited"


@pytest.mark.usefixtures("three_languages")
def test_what_staff_wrote_goes_before_the_file() -> None:
    AppNotificationTemplate.objects.create(event_type="test.told", title_template="Edited")
    found = find("test.told", "app", "en")
    assert (found.title, found.source) == ("Edited", "template test.told [en.app]")
    assert find("test.told", "app", "de").title == "Deutsch"


@pytest.mark.usefixtures("three_languages")
def test_what_staff_switched_off_does_not_count() -> None:
    AppNotificationTemplate.objects.create(event_type="test.told", title_template="Edited", is_active=False)
    assert find("test.told", "app", "en").title == "English"


@pytest.mark.usefixtures("three_languages")
def test_what_staff_wrote_in_one_language_and_channel_leaves_the_others_alone() -> None:
    AppNotificationTemplate.objects.create(event_type="test.told", title_template="Bearbeitet", language="de")
    NotificationTemplate.objects.create(event_type="test.told", channel="email", title_template="Mail")
    assert find("test.told", "app", "en").title == "English"
    assert find("test.told", "app", "de-at").title == "Bearbeitet"
    assert find("test.told", "email", "en").title == "Mail"


@pytest.mark.usefixtures("three_languages")
def test_staff_may_write_what_has_no_file() -> None:
    NotificationTemplate.objects.create(event_type="test.pinged", title_template="{{ note }}")
    assert find("test.pinged", "app", "fr").title == "{{ note }}"


def test_two_apps_that_claim_a_slug_are_refused_with_both_places(write_wording: WriteWording) -> None:
    place = write_wording("product.created", '[en.app]\ntitle = "Mine"')
    with pytest.raises(WordingError, match=r"The wording of product\.created is in") as refused:
        find("product.created", "app", "en")
    assert str(place) in str(refused.value)
    assert "product_management/notifications/product.created.toml" in str(refused.value)


MALFORMED = {
    "no TOML": "title = ",
    "no table": 'title = "Kite"',
    "no channel": '[en]\ntitle = "Kite"',
    "no title": '[en.app]\nmessage = "Kite"',
    "a title that is no text": "[en.app]\ntitle = 3",
    "a channel that is no table": '[en]\napp = "Kite"',
}


@pytest.mark.parametrize("text", MALFORMED.values(), ids=MALFORMED)
def test_a_malformed_file_is_an_error_that_names_it(write_wording: WriteWording, text: str) -> None:
    place = write_wording("test.told", text)
    with pytest.raises(WordingError) as refused:
        find("test.told", "app", "en")
    assert str(place) in str(refused.value)


@pytest.mark.parametrize("message", ["3", '["a", "b"]', "{ a = 1 }"])
def test_a_message_that_is_no_text_is_an_error_too(write_wording: WriteWording, message: str) -> None:
    write_wording("test.told", f'[en.app]\ntitle = "Kite"\nmessage = {message}')
    with pytest.raises(WordingError):
        find("test.told", "app", "en").check(frozenset())


def test_a_file_that_is_no_utf_8_is_an_error_that_names_it(write_wording: WriteWording) -> None:
    place = write_wording("test.told", "")
    place.write_bytes(b'[en.app]\ntitle = "\xff"')
    wording._read.cache_clear()
    with pytest.raises(WordingError, match="utf-8") as refused:
        find("test.told", "app", "en")
    assert str(place) in str(refused.value)


def test_a_wording_with_an_unknown_parameter_is_refused_and_the_known_are_listed() -> None:
    text = Wording("{{ name }} {{ colour }}", "{{ size }}", "the source")
    with pytest.raises(
        WordingError, match=r"the source: there is no parameter colour, size; there are name, url\."
    ):
        text.check(frozenset({"name", "url"}))


def test_a_wording_with_a_syntax_error_is_refused() -> None:
    for text in (Wording("{% for %}", "", "s"), Wording("", "{{ a.b }}", "s")):
        with pytest.raises(WordingError, match="s: "):
            text.check(frozenset({"a"}))


def test_a_wording_that_is_nested_too_deeply_is_refused() -> None:
    with pytest.raises(WordingError, match="s: "):
        Wording("{% if a %}" * 2_000, "", "s").compiled()


def test_every_file_is_found() -> None:
    slugs = {slug for slug, _ in wording.every_wording()}
    assert {"product.created", "product.created.creator", "product.updated", "test.told"} <= slugs
