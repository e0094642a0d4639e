"""manage.py requeue."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from events.drain import drain
from events.models import HandlerRun
from tests.events.owed import make_runs
from tests.probe.models import Call

pytestmark = pytest.mark.django_db


@pytest.fixture
def dead() -> list[HandlerRun]:
    """Three dead runs."""
    return make_runs(
        3, state="dead", finished_at="2026-11-20 00:00:00+00:00", failed=20, last_error="It broke."
    )


def command(*arguments: str) -> str:
    """Run the command and return what it prints."""
    out = StringIO()
    call_command("requeue", *arguments, stdout=out)
    return out.getvalue()


@pytest.mark.usefixtures("dead")
def test_the_dead_get_another_chance() -> None:
    assert "events.HandlerRun: 3 requeued" in command()
    assert drain() == 3
    assert Call.objects.count() == 3


@pytest.mark.usefixtures("dead")
def test_only_those_of_one_handler_if_named() -> None:
    assert "events.HandlerRun: 0 requeued" in command("--handler", "probe.left")
    assert "events.HandlerRun: 3 requeued" in command("--handler", "probe.ping")


@pytest.mark.usefixtures("dead")
def test_a_handler_that_there_is_not_is_refused() -> None:
    with pytest.raises(CommandError, match=r"no handler 'probe\.pin', .* Did you mean probe\.ping"):
        command("--handler", "probe.pin")


def test_a_handler_that_only_the_log_knows_is_requeued() -> None:
    make_runs(state="dead", finished_at="2026-11-20 00:00:00+00:00", handler="kite.removed")
    assert "events.HandlerRun: 1 requeued" in command("--handler", "kite.removed")


def test_what_is_not_dead_is_left_alone() -> None:
    make_runs(2, state="cancelled", finished_at="2026-11-20 00:00:00+00:00")
    assert "events.HandlerRun: 0 requeued" in command()
