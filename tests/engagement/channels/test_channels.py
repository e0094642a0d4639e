"""What every channel must be, and what the installation has."""

import pytest

from engagement.channels import Channel, channel_choices, channels
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
