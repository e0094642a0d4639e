"""Why, and why not, in sentences."""

import pytest
from django.core.management import CommandError, call_command

from capabilities.people.models import Person
from engagement.decide import Outcome, Reason, Status, Wait
from engagement.explain import Explanation, Unconcerned, explain, explain_event, gist
from engagement.models import Mute, NotifiableEvent, NotificationPreference
from engagement.sentences import SENTENCES, WORDS, Setting
from events.bus import EventLog, event_bus
from events.testing import work_off
from tests.engagement.mails import digest_of, mail_to
from tests.probe.events import Told

pytestmark = pytest.mark.django_db


def told(*people: Person, about: str = "") -> EventLog:
    """Publish, and do the work."""
    log = event_bus.publish(Told(people=[person.pk for person in people]), about=about or None)
    work_off()
    return log


def explained(log: EventLog, person: Person) -> Explanation:
    found = explain_event(log, person)
    assert isinstance(found, Explanation)
    return found


@pytest.mark.parametrize("status", Status)
@pytest.mark.parametrize("reason", Reason)
@pytest.mark.parametrize("wait", list(Wait))
def test_an_outcome_is_read_as_it_was_stored(status: Status, reason: Reason, wait: Wait) -> None:
    outcome = Outcome(status, reason, wait)
    assert Outcome.parse(str(outcome)) == outcome


def test_every_reason_has_a_sentence_of_its_own() -> None:
    assert SENTENCES.keys() == set(Reason)
    assert len({str(sentence) for sentence, _setting in SENTENCES.values()}) == len(Reason)


def test_why_it_came(alice: Person) -> None:
    found = explained(told(alice), alice)
    app, email = found.verdicts
    assert (found.display_name, found.category, found.reason) == ("Told", "test", "you are on the list")
    assert (app.channel, app.status, app.setting) == ("app", "in your inbox", Setting.EVENT_TYPE)
    assert (email.status, email.sentence) == ("not sent", "This channel is not set up here.")


def test_why_it_did_not_come(alice: Person, bob: Person, carol: Person) -> None:
    NotificationPreference.objects.create(person=alice, category="test", type="none")
    NotificationPreference.objects.create(person=bob, event_type="test.told", type="none")
    Mute.objects.create(person=carol, about="kite:1")
    log = told(alice, bob, carol, about="kite:1")
    settings = {person: explained(log, person).verdicts[0].setting for person in (alice, bob, carol)}
    assert settings == {alice: Setting.CATEGORY, bob: Setting.EVENT_TYPE, carol: Setting.MUTES}


def test_what_is_not_decided_yet_says_so(alice: Person) -> None:
    concerned = NotifiableEvent.objects.create(event_type="test.told", person=alice)
    assert [str(verdict.status) for verdict in explain(concerned).verdicts] == ["not decided yet"] * 2


def test_a_channel_that_is_gone_is_still_explained(alice: Person) -> None:
    concerned = NotifiableEvent.objects.create(
        event_type="test.told",
        person=alice,
        outcomes={"app": "created: default", "pigeon": "skipped: own act"},
    )
    assert [verdict.channel for verdict in explain(concerned).verdicts] == ["app", "email", "pigeon"]


def test_an_event_type_that_is_gone_is_still_explained(alice: Person) -> None:
    concerned = NotifiableEvent.objects.create(event_type="long.gone", person=alice)
    assert explain(concerned).display_name == "long.gone"


def test_an_event_that_is_no_longer_in_the_log_is_still_explained(alice: Person) -> None:
    told(alice, about="kite:1")
    EventLog.objects.all().delete()
    assert explain(NotifiableEvent.objects.get()).about == ""


@pytest.mark.parametrize(
    ("outcomes", "word", "is_told"),
    [
        (None, "not decided yet", False),
        ({}, "not decided yet", False),
        ({"email": "skipped: default", "app": "created: default"}, "in your inbox", True),
        ({"app": "skipped: default", "email": "planned: rule for this category"}, "on its way", True),
        ({"email": "skipped: channel not configured", "app": "skipped: muted"}, "muted", False),
        ({"pigeon": "skipped: own act"}, "your own doing", False),
    ],
)
def test_what_became_of_it_in_a_word(outcomes: dict[str, str] | None, word: str, is_told: bool) -> None:
    found = gist(outcomes)
    assert (str(found.word), found.told) == (word, is_told)


def test_every_reason_has_a_word() -> None:
    assert WORDS.keys() == set(Reason)


def test_who_was_in_no_audience_hears_who_was_asked(alice: Person, bob: Person) -> None:
    assert explain_event(told(alice), bob) == Unconcerned("test.told", ["probe.ToldNotifier"])


def test_an_operator_asks_by_command(alice: Person, bob: Person, capsys: pytest.CaptureFixture[str]) -> None:
    log = told(alice)
    call_command("explain_notification", str(log.pk), "alice")
    said = capsys.readouterr().out
    assert "  app: created: default.\n" in said
    assert f"    {alice} is told: “You have not chosen, and it is the default.”\n" in said
    assert f"  {alice} is told: “It concerns you because you are on the list.”\n" in said
    call_command("explain_notification", str(log.event_id), str(bob.pk))
    assert "It did not concern them" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("event", "person"), [("0", "alice"), ("x", "alice"), ("99999999999999999999", "alice"), ("", "mallory")]
)
def test_the_command_says_what_it_does_not_know(alice: Person, event: str, person: str) -> None:
    log = told(alice)
    with pytest.raises(CommandError, match=r"There is no (event|person)"):
        call_command("explain_notification", event or str(log.pk), person)


@pytest.mark.parametrize(
    ("text", "outcome"),
    [
        ("skipped: the moon was full", Outcome(Status.SKIPPED, Reason.UNKNOWN)),
        ("created: the moon was full, held", Outcome(Status.CREATED, Reason.UNKNOWN)),
        ("beamed: default", Outcome(Status.SKIPPED, Reason.UNKNOWN)),
        ("", Outcome(Status.SKIPPED, Reason.UNKNOWN)),
    ],
)
def test_what_a_newer_deployment_has_stored_breaks_no_page(
    alice: Person, text: str, outcome: Outcome
) -> None:
    concerned = NotifiableEvent.objects.create(event_type="test.told", person=alice, outcomes={"app": text})
    assert explain(concerned).verdicts[0].outcome == outcome


def test_an_operator_is_told_what_the_far_end_said(alice: Person, capsys: pytest.CaptureFixture[str]) -> None:
    log = told(alice)
    concerned = NotifiableEvent.objects.get()
    NotifiableEvent.objects.update(outcomes={"app": "created: default", "email": "planned: default"})
    mail = mail_to(alice, notifiable=concerned, state="retrying", failed=2, last_error="421 Try again\nlater")
    call_command("explain_notification", str(log.pk), "alice")
    said = capsys.readouterr().out
    assert "  email: planned: default.\n" in said
    assert f"    {alice} is told: “It could not be sent at 2 attempts" in said
    assert f"    #{mail.pk} {mail.message_id}: retrying, 2 attempts, 421 Try again\n" in said


def test_an_operator_is_told_in_which_digest_it_is(alice: Person, capsys: pytest.CaptureFixture[str]) -> None:
    log = told(alice)
    concerned = NotifiableEvent.objects.get()
    NotifiableEvent.objects.update(outcomes={"email": "planned: default, hourly digest"})
    digest = digest_of(alice, mail_to(alice, notifiable=concerned))
    call_command("explain_notification", str(log.pk), "alice")
    assert f"in digest #{digest.pk}" in capsys.readouterr().out
