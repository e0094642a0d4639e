"""A person proves that a number is theirs."""

import logging
import re
from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone
from freezegun import freeze_time

from capabilities.people.models import Person
from engagement.choices import Scope
from engagement.decide import Preset
from engagement.models import Cause, Delivery, Endpoint, EndpointCode
from engagement.pace import TooOften
from engagement.preferences import choose
from engagement.registration import drop
from engagement.suppress import suppress
from engagement.verification import Proof, has_code, send_code, verify
from events.bus import event_bus
from events.cleanup import clean_up
from events.testing import work_off
from tests.engagement.stored import Push, Sms, Webhook, hook_of, number_of
from tests.engagement.test_secrets import tables_with
from tests.probe.events import Told
from tests.threads import side_by_side

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("stored_channels")]

Channels = tuple[Push, Sms, Webhook]


@pytest.fixture
def sms(stored_channels: Channels) -> Sms:
    return stored_channels[1]


def code_in(sms: Sms) -> str:
    """Return the code of the last text message, once it has arrived."""
    work_off()
    found = re.match(r"(\d{6}) is your code for Carillon", sms.sent[-1].title)
    assert found, sms.sent[-1].title
    return found[1]


def other_than(code: str) -> str:
    return f"{(int(code) + 1) % 10**6:06}"


def later(**time: float) -> None:
    """Let the codes that were sent be so much older."""
    for each in EndpointCode.objects.all():
        each.created_at -= timedelta(**time)
        each.good_until -= timedelta(**time)
        each.save()


def test_a_number_is_added_proved_and_used(alice: Person, sms: Sms) -> None:
    choose(alice, Scope(event_type="test.told"), Preset.NONE, {"sms": True})
    number = number_of(alice)
    event_bus.publish(Told(people=[alice.pk]))
    send_code(number)
    code = code_in(sms)
    assert [each.endpoint for each in sms.sent] == [number.value]
    assert verify(alice, number.pk, code) == Proof(True)
    found = Endpoint.objects.get()
    assert found.is_usable
    assert found.registered_at > number.registered_at
    event_bus.publish(Told(people=[alice.pk]))
    work_off()
    assert [(each.event_type, each.endpoint) for each in sms.sent[1:]] == [("test.told", number.value)]


@pytest.mark.parametrize("written", ["{} {}", " {}{}\n", "{}-{}"])
def test_a_code_may_be_entered_with_spaces(alice: Person, sms: Sms, written: str) -> None:
    number = number_of(alice)
    send_code(number)
    code = code_in(sms)
    assert verify(alice, number.pk, written.format(code[:3], code[3:])).is_verified


def test_the_code_is_nowhere_once_it_is_sent(
    alice: Person, sms: Sms, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    send_code(number_of(alice))
    code = code_in(sms)
    assert tables_with(code) == []
    assert code not in "".join(each.getMessage() for each in caplog.records if "django.db" not in each.name)


def test_another_persons_code_is_none(alice: Person, bob: Person, sms: Sms) -> None:
    number = number_of(alice)
    send_code(number)
    code = code_in(sms)
    assert verify(bob, number.pk, code) == Proof(False)
    assert verify(alice, number.pk, code) == Proof(True)


def test_nor_is_that_of_another_number(alice: Person, sms: Sms) -> None:
    one, other = number_of(alice), number_of(alice, "+9779800000000")
    send_code(one)
    code = code_in(sms)
    later(minutes=2)
    send_code(other)
    if code_in(sms) != code:
        assert verify(alice, other.pk, code) == Proof(False, 4)


def test_after_five_wrong_ones_the_right_one_is_none_either(alice: Person, sms: Sms) -> None:
    number = number_of(alice)
    send_code(number)
    code = code_in(sms)
    left = [verify(alice, number.pk, other_than(code)).tries_left for _time in range(5)]
    assert left == [4, 3, 2, 1, 0]
    assert verify(alice, number.pk, code) == Proof(False)
    assert has_code([number]) == set()


@pytest.mark.parametrize("wrong", ["", "abc", "\uff11\uff12\uff13\uff14\uff15\uff16", "\0", "9" * 100_000])
def test_what_is_no_code_is_wrong(alice: Person, sms: Sms, wrong: str) -> None:
    number = number_of(alice)
    send_code(number)
    assert verify(alice, number.pk, wrong) == Proof(False, 4)


def test_after_ten_minutes_it_is_too_late(alice: Person, sms: Sms) -> None:
    number = number_of(alice)
    send_code(number)
    code = code_in(sms)
    assert has_code([number]) == {number.pk}
    later(minutes=10, seconds=1)
    assert has_code([number]) == set()
    assert verify(alice, number.pk, code) == Proof(False)


def test_and_then_it_is_not_sent_any_more(alice: Person, sms: Sms) -> None:
    with freeze_time(timezone.now() - timedelta(minutes=11)):
        send_code(number_of(alice))
    work_off()
    assert sms.sent == []


def test_with_another_code_the_one_before_is_good_no_more(alice: Person, sms: Sms) -> None:
    number = number_of(alice)
    send_code(number)
    first = code_in(sms)
    later(minutes=2)
    send_code(number)
    second = code_in(sms)
    if first != second:
        assert verify(alice, number.pk, first) == Proof(False, 4)
    assert verify(alice, number.pk, second) == Proof(True)
    assert EndpointCode.objects.filter(ended_at=None).count() == 0


def test_a_code_is_good_once(alice: Person, sms: Sms) -> None:
    number = number_of(alice)
    send_code(number)
    code = code_in(sms)
    verify(alice, number.pk, code)
    Endpoint.objects.update(verified_at=None)
    assert verify(alice, number.pk, code) == Proof(False)


def test_what_is_not_used_any_more_is_not_proved(alice: Person, sms: Sms) -> None:
    number = number_of(alice)
    send_code(number)
    code = code_in(sms)
    Endpoint.objects.update(retired_at=timezone.now())
    assert verify(alice, number.pk, code) == Proof(False)


@pytest.mark.django_db(transaction=True)
def test_two_windows_may_enter_it_at_the_same_time(alice: Person, sms: Sms) -> None:
    number = number_of(alice)
    send_code(number)
    code = code_in(sms)
    results = side_by_side(*[lambda: verify(alice, number.pk, code)] * 3)
    assert results == [Proof(True)] * 3


@pytest.mark.django_db(transaction=True)
def test_and_nobody_guesses_more_often_by_guessing_at_the_same_time(alice: Person, sms: Sms) -> None:
    number = number_of(alice)
    send_code(number)
    wrong = other_than(code_in(sms))
    results = side_by_side(*[lambda: verify(alice, number.pk, wrong)] * 8)
    assert sorted(each.tries_left for each in results if isinstance(each, Proof)) == [0, 0, 0, 0, 1, 2, 3, 4]
    assert EndpointCode.objects.get().tries == 5


# How often


def test_one_code_a_minute(alice: Person, bob: Person) -> None:
    number = number_of(alice)
    send_code(number)
    with pytest.raises(TooOften, match=r"You have asked for a code already. Try again in a minute."):
        send_code(number_of(alice, "+9779800000000"))
    send_code(number_of(bob))
    later(seconds=61)
    send_code(number)


def numbers_of(person: Person, count: int) -> list[Endpoint]:
    return [number_of(person, f"+97798{number:08}") for number in range(count)]


def test_five_an_hour_and_ten_a_day_of_a_person(alice: Person) -> None:
    numbers = numbers_of(alice, 11)
    for number in numbers[:5]:
        send_code(number)
        later(minutes=2)
    with pytest.raises(TooOften, match="in 50 minutes"):
        send_code(numbers[5])
    later(hours=1)
    for number in numbers[5:10]:
        send_code(number)
        later(minutes=2)
    later(hours=1)
    with pytest.raises(TooOften, match="Try again after"):
        send_code(numbers[10])
    later(hours=24)
    send_code(numbers[10])


def test_five_a_day_to_a_number_whoever_asks_and_however_often_it_is_removed(
    alice: Person, bob: Person, carol: Person
) -> None:
    for person in (alice, bob, alice, bob, alice):
        number = number_of(person)
        send_code(number)
        drop(person, number.pk)
        later(minutes=2)
    with pytest.raises(TooOften, match="Many codes have been sent there already"):
        send_code(number_of(carol))
    send_code(number_of(carol, "+9779800000000"))


@pytest.mark.django_db(transaction=True)
def test_nor_more_by_asking_at_the_same_time(alice: Person, bob: Person) -> None:
    number = number_of(alice)
    results = side_by_side(*[lambda: send_code(number)] * 4)
    assert sum(each is None for each in results) == 1, results


@pytest.mark.django_db(transaction=True)
def test_nor_to_one_number_by_several_people_at_the_same_time(
    alice: Person, bob: Person, carol: Person, dave: Person
) -> None:
    numbers = [number_of(each) for each in (alice, bob, carol, dave)]
    send_code(numbers[0])
    later(minutes=2)
    send_code(numbers[1])
    later(minutes=2)
    results = side_by_side(*[lambda each=each: send_code(each) for each in numbers])
    assert sum(each is None for each in results) == 3, results


def test_old_codes_are_deleted_by_the_clean_up(alice: Person) -> None:
    number = number_of(alice)
    send_code(number)
    with freeze_time(timezone.now() + timedelta(hours=23)):
        clean_up()
        assert EndpointCode.objects.count() == 1
    with freeze_time(timezone.now() + timedelta(hours=25)):
        clean_up()
        assert EndpointCode.objects.count() == 0


def test_there_is_no_code_where_there_is_nothing_to_prove(
    alice: Person, sms: Sms, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = number_of(alice)
    with pytest.raises(ValidationError, match="nothing to confirm"):
        send_code(hook_of(alice))
    number.retired_at = timezone.now()
    with pytest.raises(ValidationError, match="not used any more"):
        send_code(number)
    number.retired_at = None
    sms.is_set_up = False
    with pytest.raises(ValidationError, match="not set up"):
        send_code(number)
    sms.is_set_up = True
    suppress("sms", number.value, Cause.STOP)
    with pytest.raises(ValidationError, match="have been stopped"):
        send_code(number)
    work_off()
    assert not Delivery.objects.exists()
    assert not EndpointCode.objects.exists()


def test_every_code_has_six_digits(alice: Person, sms: Sms, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("secrets.randbelow", lambda limit: 7)
    send_code(number_of(alice))
    assert code_in(sms) == "000007"
