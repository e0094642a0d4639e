"""System checks: text messages that nobody sends, that reach nobody, or that cost twice."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.checks import CheckMessage
from pytest_django import Settings

from engagement.notifier import Notifier
from engagement.sms_checks import check_length, check_sms
from tests.probe.events import Unheard

WriteWording = Callable[[str, str], Path]
Declare = Callable[..., Notifier[Unheard]]
PROVIDERS = "tests.engagement.sms.providers"


@pytest.fixture(autouse=True)
def production(settings: Settings) -> None:
    settings.DEBUG = False


def only(found: list[CheckMessage], number: str) -> CheckMessage:
    """Return the one message, which has this number and says what to do."""
    (message,) = found
    assert message.id == f"engagement.{number}"
    assert message.hint
    return message


# Providers


def test_nothing_is_wrong_where_nobody_sends_text_messages() -> None:
    assert check_sms(None) == check_length(None) == []


@pytest.mark.parametrize("kind", ["channels", "mandatory"])
def test_text_messages_that_are_used_without_a_provider_are_a_warning_but_for_developers(
    settings: Settings, declare: Declare, kind: str
) -> None:
    declare(list, **{kind: ("app", "sms")})
    warning = only(check_sms(None), "W024")
    assert warning.msg == "There is no provider of text messages, so none is sent: not by own.Listener"
    settings.DEBUG = True
    assert check_sms(None) == []


@pytest.mark.parametrize("name", ["sparow", f"{PROVIDERS}.Sparow", f"{PROVIDERS}.Loft", 7], ids=str)
def test_a_provider_that_there_is_not_is_an_error_that_names_those_that_there_are(
    settings: Settings, name: Any
) -> None:
    settings.ENGAGEMENT_SMS_PROVIDER = name
    error = only(check_sms(None), "E021")
    assert error.msg.startswith(f"ENGAGEMENT_SMS_PROVIDER is {name!r}")
    assert '"console", "sparrow"' in str(error.hint)


def test_a_provider_that_lacks_something_is_a_warning_that_names_it(settings: Settings) -> None:
    settings.ENGAGEMENT_SMS_PROVIDER = "sparrow"
    hint = "Set ENGAGEMENT_SPARROW_TOKEN and ENGAGEMENT_SPARROW_FROM."
    assert only(check_sms(None), "W022").hint == hint
    settings.ENGAGEMENT_SPARROW_TOKEN, settings.ENGAGEMENT_SPARROW_FROM = "v2_token", "Demo"
    assert check_sms(None) == []


def test_the_console_on_a_site_that_people_use_is_a_warning(settings: Settings) -> None:
    settings.ENGAGEMENT_SMS_PROVIDER = "console"
    only(check_sms(None), "W023")
    settings.DEBUG = True
    assert check_sms(None) == []


@pytest.mark.parametrize("region", ["Nepal", "np", "XX", 977])
def test_a_country_that_there_is_not_is_an_error(settings: Settings, region: Any) -> None:
    settings.ENGAGEMENT_SMS_REGION = region
    assert only(check_sms(None), "E020").msg == f"ENGAGEMENT_SMS_REGION is {region!r}, which is no country."
    settings.ENGAGEMENT_SMS_REGION = "NP"
    assert check_sms(None) == []


# Length


def test_a_wording_that_becomes_several_messages_is_a_warning(write_wording: WriteWording) -> None:
    place = write_wording("test.told", f'[en.sms]\ntitle = "{{{{ name }}}} …"\nmessage = "{"a" * 30}"')
    assert check_length(None) == []
    place = write_wording("test.told", f'[en.sms]\ntitle = "{{{{ name }}}} …"\nmessage = "{"a" * 70}"')
    assert only(check_length(None), "W025").msg == (
        f"{place} [en.sms]: with the notifier's example a text message of it is 2 segments, UCS-2 because of “…”."
    )


def test_the_address_counts(write_wording: WriteWording, settings: Settings) -> None:
    write_wording("test.told", f'[en.sms]\ntitle = "{"a" * 140}"')
    assert check_length(None) == []
    settings.ENGAGEMENT_BASE_URL = "https://carillon.example"
    only(check_length(None), "W025")
    write_wording("test.told", f'[en.sms]\ntitle = "{"a" * 110}"')
    assert check_length(None) == []


def test_every_language_is_looked_at(write_wording: WriteWording) -> None:
    write_wording("test.told", f'[en.sms]\ntitle = "Kite"\n[de.sms]\ntitle = "{"ü" * 161}"')
    assert "[de.sms]" in only(check_length(None), "W025").msg


def test_so_is_the_inboxs_text_where_it_stands_in(write_wording: WriteWording, declare: Declare) -> None:
    write_wording("test.unheard", f'[en.app]\ntitle = "{"a" * 161}"')
    assert check_length(None) == []
    declare(list, channels=("sms",))
    assert "[en.app]" in only(check_length(None), "W025").msg


@pytest.mark.parametrize(
    "text", ["title = ", '[en.sms]\ntitle = "{{ colour }}"', '[en.sms]\ntitle = "{% if %}"']
)
def test_what_is_wrong_otherwise_is_for_another_check_to_tell(write_wording: WriteWording, text: str) -> None:
    write_wording("test.told", text)
    assert check_length(None) == []


def test_a_notifier_without_any_wording_is_for_another_check_to_tell(declare: Declare) -> None:
    declare(list, channels=("sms",), slug="own.slug")
    assert check_length(None) == []
