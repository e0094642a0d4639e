"""What every channel must be, and what the installation has."""

import pytest
from pytest_django import Settings

from engagement.channels import Channel, Outbound, channel_choices, channels, shown_endpoint
from engagement.decide import Medium
from tests.engagement.messages import outgoing


@pytest.mark.parametrize("name", channels())
def test_a_channel_keeps_the_contract(name: str) -> None:
    channel = channels()[name]
    assert isinstance(channel, Channel)
    assert channel.name == name.lower()
    assert len(name) <= 20
    assert str(channel.label)
    assert channel.medium() == Medium(
        name, channel.configured(), channel.is_inbox, channel.can_wait, channel.is_heard
    )


def test_the_inbox_is_always_there_and_goes_first() -> None:
    name, channel = next(iter(channels().items()))
    assert (name, channel.is_inbox, channel.configured()) == ("app", True, True)
    assert [each.name for each in channels().values() if each.is_inbox] == ["app"]


def test_email_is_known_but_not_configured_without_an_address_for_links() -> None:
    assert channels()["email"].configured() is False


def test_templates_are_offered_every_channel() -> None:
    assert [name for name, _label in channel_choices()] == [*channels()]


# What operators are told of it


@pytest.mark.parametrize("name", channels())
def test_a_channel_lacks_something_if_it_is_not_set_up_and_nothing_if_it_is(name: str) -> None:
    channel = channels()[name]
    assert bool(channel.lacks()) == (not channel.configured())


@pytest.mark.parametrize(
    ("backend", "name"),
    [
        ("django.core.mail.backends.smtp.EmailBackend", "smtp"),
        ("anymail.backends.mailgun.EmailBackend", "mailgun"),
        ("django.core.mail.backends.dummy.EmailBackend", ""),
    ],
)
def test_the_provider_of_mail_is_named_after_its_backend(settings: Settings, backend: str, name: str) -> None:
    settings.EMAIL_BACKEND = backend
    assert channels()["email"].provider_name() == name
    assert channels()["app"].provider_name() == ""


@pytest.mark.usefixtures("pigeons")
def test_operators_see_an_endpoint_as_its_channel_shows_it_and_hardly_any_of_one_that_is_gone() -> None:
    assert shown_endpoint("email", "alice@kites.example") == "alice@kites.example"
    assert shown_endpoint("pigeon", "a-secret-dovecote") == "…cote"
    assert shown_endpoint("telex", "a-secret-dovecote") == "a…"
    assert shown_endpoint("telex", "") == ""


@pytest.mark.parametrize(
    ("channel", "given", "said"),
    [
        ("push", {}, "Set ENGAGEMENT_FCM_CREDENTIALS, ENGAGEMENT_NOTIFICATION_SERVICE_URL or"),
        ("push", {"PUSH_PROVIDER": "pigeons.Post"}, "ENGAGEMENT_PUSH_PROVIDER is 'pigeons.Post': No module"),
        ("push", {"PUSH_PROVIDER": "gateway"}, "ENGAGEMENT_NOTIFICATION_SERVICE_URL is empty."),
        ("sms", {}, "Set ENGAGEMENT_SMS_PROVIDER (in this project: SMS_PROVIDER)."),
        ("sms", {"SMS_PROVIDER": "pigeons.Post"}, "ENGAGEMENT_SMS_PROVIDER is 'pigeons.Post': No module"),
        ("sms", {"SMS_PROVIDER": "sparrow"}, "Set ENGAGEMENT_SPARROW_TOKEN and ENGAGEMENT_SPARROW_FROM."),
        ("webhook", {}, "Set ENGAGEMENT_BASE_URL (in this project: SITE_URL)."),
        ("webhook", {"WEBHOOKS": False}, "ENGAGEMENT_WEBHOOKS is off (in this project: WEBHOOKS)."),
    ],
)
def test_a_channel_says_what_is_missing_in_the_words_of_the_settings(
    settings: Settings, channel: str, given: dict[str, object], said: str
) -> None:
    for name, value in given.items():
        setattr(settings, f"ENGAGEMENT_{name}", value)
    assert channels()[channel].lacks().startswith(said)
    assert channels()[channel].provider_name() == ""


@pytest.mark.parametrize(
    ("channel", "given", "provider"),
    [
        ("push", {"NOTIFICATION_SERVICE_URL": "https://push.example"}, "gateway"),
        ("sms", {"SMS_PROVIDER": "console"}, "console"),
        ("webhook", {"BASE_URL": "https://carillon.example"}, ""),
    ],
)
def test_a_channel_that_is_set_up_lacks_nothing_and_names_its_provider(
    settings: Settings, channel: str, given: dict[str, object], provider: str
) -> None:
    for name, value in given.items():
        setattr(settings, f"ENGAGEMENT_{name}", value)
    assert (channels()[channel].lacks(), channels()[channel].provider_name()) == ("", provider)


def test_what_is_handed_over_can_be_read_by_operators_without_what_signs_it() -> None:
    message = outgoing(endpoint="https://hook.example/", secrets=["whsec_hidden"])
    for name, said in (("sms", "Kite was created"), ("webhook", '"title": "Kite was created"')):
        channel = channels()[name]
        assert isinstance(channel, Outbound)
        assert said in channel.preview(message)
        assert "whsec" not in channel.preview(message)
