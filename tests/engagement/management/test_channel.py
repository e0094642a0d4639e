"""manage.py channel"""

from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from capabilities.people.models import Person
from engagement import pauses
from engagement.models import ChannelPause, DeliveryAttempt
from tests.engagement.mails import mail_to
from tests.engagement.pigeon import Pigeons, dovecote

pytestmark = pytest.mark.django_db


def said(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """Run the command; return what it prints."""
    call_command("channel", *arguments)
    return capsys.readouterr().out


def test_it_lists_how_each_channel_is_doing(
    capsys: pytest.CaptureFixture[str], alice: Person, pigeons: Pigeons
) -> None:
    mail = mail_to(alice, channel="pigeon", state="dead")
    for code in ("hawk", "hawk", ""):
        DeliveryAttempt.objects.create(delivery=mail, succeeded=False, code=code, answer="A hawk.\nAgain.")
    dovecote(alice)
    dovecote(alice, "burnt", retired_at=timezone.now(), retired_because="It burnt.")
    pauses.pause("pigeon", "A storm.", by_hand=True)
    text = said(capsys)
    for expected in (
        "email (locmem): Set ENGAGEMENT_BASE_URL",
        "pigeon (racing homer): set up.",
        "until it is resumed: A storm.",
        "Now: 0 due, 0 waiting for their time, 0 on the way, 0 to be tried again, 1 dead",
        "0 sent, 3 failed (hawk: 2, without a code: 1)",
        f"#{mail.pk}: A hawk.\n",
        "Endpoints: 1 in use, 0 waiting to be verified, 1 retired within 7 days (It burnt.: 1)",
    ):
        assert expected in text


def test_it_pauses_a_channel_and_resumes_it(capsys: pytest.CaptureFixture[str]) -> None:
    expected = "Nothing is sent by email until it is resumed. What is owed waits, and is not lost.\n"
    assert said(capsys, "pause", "email", "--reason", "The server moves.") == expected
    pause = pauses.paused()["email"]
    assert (pause.reason, pause.until, pause.is_by_hand) == ("The server moves.", None, True)
    assert said(capsys, "resume", "email") == "Messages are sent by email again.\n"
    assert pauses.paused() == {}
    assert said(capsys, "resume", "email") == "email was not paused.\n"


def test_it_pauses_a_channel_for_some_minutes(capsys: pytest.CaptureFixture[str]) -> None:
    assert "for 90 minutes" in said(capsys, "pause", "email", "--reason", "Why", "--minutes", "90")
    until = ChannelPause.objects.get().until
    assert until is not None
    assert timedelta(minutes=89) < until - timezone.now() <= timedelta(minutes=90)
    assert f"until {until:%Y-%m-%d %H:%M}" in said(capsys)


@pytest.mark.parametrize("action", [["pause", "fax", "--reason", "Why"], ["resume", "app"]])
def test_what_is_no_channel_that_leaves_the_house_is_an_error_that_names_those_that_do(
    action: list[str],
) -> None:
    with pytest.raises(
        CommandError, match=r"There is no channel '\w+' that could be paused: there are email"
    ):
        call_command("channel", *action)


@pytest.mark.parametrize(
    "options",
    [
        ["--reason", "  "],
        ["--reason", "Why", "--minutes", "0"],
        ["--reason", "Why", "--minutes", "nan"],
        ["--reason", "Why", "--minutes", "1e9"],
        ["--reason", "Why", "--minutes", "soon"],
        [],
    ],
)
def test_what_cannot_be_meant_pauses_nothing(options: list[str]) -> None:
    with pytest.raises(CommandError):
        call_command("channel", "pause", "email", *options)
    assert not ChannelPause.objects.exists()
