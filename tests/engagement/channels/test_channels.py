"""What every channel must be, and what the installation has."""

import pytest
from pytest_django import Settings

from engagement.channels import Channel, channel_choices, channels, shown_endpoint
from engagement.decide import Medium


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
