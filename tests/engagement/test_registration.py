"""Endpoints come and go."""

from base64 import b64decode
from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone
from pytest_django import Settings

from capabilities.people.models import Person
from engagement import endpoints
from engagement.choices import Scope
from engagement.decide import Preset
from engagement.models import Cause, Delivery, Endpoint
from engagement.pace import TooOften
from engagement.preferences import choose
from engagement.registration import (
    MOST,
    add,
    drop,
    drop_device,
    find,
    is_new,
    register_device,
    rename,
    retire_stale,
    rotate_secret,
    send_test,
)
from engagement.registration_sql import RETIRE_STALE
from engagement.suppress import suppress
from events.bus import event_bus
from events.cleanup import clean_up
from events.drain import drain
from events.sql import execute, fetch
from events.testing import work_off
from tests.engagement.stored import Push, Sms, Webhook, device_of, hook_of, number_of
from tests.probe.events import Told
from tests.threads import side_by_side

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("stored_channels")]

Channels = tuple[Push, Sms, Webhook]
DAY = timedelta(days=1)


def said(error: pytest.ExceptionInfo[ValidationError]) -> dict[str, list[str]]:
    return error.value.message_dict


# Devices


def test_a_device_is_registered(alice: Person) -> None:
    device = register_device(alice, "push", " token-1 ", label="The phone of Alice")
    assert (device.person_id, device.channel, device.kind, device.value) == (
        alice.pk,
        "push",
        "token",
        "token-1",
    )
    assert (device.label, device.is_exclusive, device.is_usable, device.secret) == (
        "The phone of Alice",
        True,
        True,
        "",
    )
    assert is_new(device)


def test_registered_again_it_is_the_same_and_was_seen_now(alice: Person) -> None:
    before = device_of(alice, label="Phone")
    Endpoint.objects.update(failures=3, rests_until=timezone.now(), last_seen_at=timezone.now() - DAY)
    after = device_of(alice)
    assert (after.pk, after.label, after.created_at) == (before.pk, "Phone", before.created_at)
    assert after.registered_at > before.registered_at
    assert after.last_seen_at == after.registered_at
    assert (after.failures, after.rests_until) == (0, None)
    assert not is_new(after)
    assert device_of(alice, label="Mine").label == "Mine"


def test_a_retired_one_is_used_again(alice: Person) -> None:
    device = device_of(alice)
    assert endpoints.retire(device.pk, device.registered_at, "UNREGISTERED")
    found = device_of(alice)
    assert (found.pk, found.retired_at, found.retired_because) == (device.pk, None, "")
    assert not is_new(found)


def test_what_a_send_that_began_before_says_of_it_counts_no_more(alice: Person) -> None:
    device = device_of(alice)
    device_of(alice)
    assert not endpoints.retire(device.pk, device.registered_at, "UNREGISTERED")


def test_an_old_owners_device_moves_to_the_new_one(alice: Person, bob: Person) -> None:
    before = device_of(alice, label="The phone of Alice")
    after = device_of(bob)
    assert (after.pk, after.person_id, after.label) == (before.pk, bob.pk, "")
    assert is_new(after)
    assert not Endpoint.objects.of(alice).exists()


def test_what_the_old_owner_was_to_be_told_there_is_skipped(
    alice: Person, bob: Person, stored_channels: Channels
) -> None:
    push, _sms, _webhook = stored_channels
    choose(alice, Scope(event_type="test.told"), Preset.NONE, {"push": True})
    device = device_of(alice)
    event_bus.publish(Told(people=[alice.pk]))
    drain("events")
    assert Delivery.objects.get().target_id == device.pk
    device_of(bob)
    work_off()
    left = Delivery.objects.get()
    assert (left.person_id, left.state, left.last_error) == (alice.pk, "skipped", "skipped: no endpoint")
    assert push.sent == []


def test_the_same_value_of_another_kind_is_another_device(alice: Person) -> None:
    assert device_of(alice, kind="fid").pk != device_of(alice, kind="token").pk


@pytest.mark.parametrize(
    ("channel", "value", "more", "field"),
    [
        ("push", "", {}, "value"),
        ("push", "   ", {}, "value"),
        ("push", "x" * 1001, {}, "value"),
        ("push", "ü" * 600, {}, "value"),
        ("push", "to\0ken", {}, "value"),
        ("push", "to\ud800ken", {}, "value"),
        ("push", "token", {"kind": "pigeon"}, "kind"),
        ("push", "token", {"label": "x" * 101}, "label"),
        ("push", "token", {"label": "x\0"}, "label"),
        ("pigeon", "token", {}, "channel"),
        ("email", "alice@kiteworks.example", {}, "channel"),
        ("sms", "+9779812345678", {}, "channel"),
    ],
)
def test_what_is_no_device_is_refused_by_the_name_of_what_is_wrong(
    alice: Person, channel: str, value: str, more: dict[str, str], field: str
) -> None:
    with pytest.raises(ValidationError) as refused:
        register_device(alice, channel, value, **more)
    assert list(said(refused)) == [field]
    assert not Endpoint.objects.exists()


def test_no_more_than_so_many_and_those_not_used_any_more_make_room(alice: Person, bob: Person) -> None:
    made = [device_of(alice, f"token-{number:04}") for number in range(MOST)]
    device_of(bob, "token-of-bob")
    with pytest.raises(ValidationError, match="There are 20 of them already: remove one first"):
        device_of(alice, "one more")
    assert device_of(alice, "token-0007").pk == made[7].pk
    Endpoint.objects.filter(pk__in=[made[0].pk, made[1].pk]).update(retired_at=timezone.now())
    device_of(alice, "one more")
    assert Endpoint.objects.of(alice).count() == MOST - 1
    add(alice, "webhook", "https://example.org/")


@pytest.mark.django_db(transaction=True)
def test_two_people_who_register_a_device_at_the_same_time_have_it_one_after_the_other(
    alice: Person, bob: Person
) -> None:
    for number in range(10):
        results = side_by_side(
            lambda n=number: device_of(alice, f"token-{n}"),  # type: ignore[misc]
            lambda n=number: device_of(bob, f"token-{n}"),  # type: ignore[misc]
        )
        assert all(isinstance(each, Endpoint) for each in results), results
        assert Endpoint.objects.filter(value=f"token-{number}").count() == 1


@pytest.mark.django_db(transaction=True)
def test_so_have_two_processes_of_one_person(alice: Person) -> None:
    for number in range(10):
        results = side_by_side(*[lambda n=number: device_of(alice, f"token-{n}")] * 3)
        assert all(isinstance(each, Endpoint) for each in results), results
        assert Endpoint.objects.filter(value=f"token-{number}").count() == 1


@pytest.mark.django_db(transaction=True)
def test_nor_are_there_too_many_by_registering_at_the_same_time(alice: Person) -> None:
    for number in range(MOST - 1):
        device_of(alice, f"token-{number:04}")
    results = side_by_side(*[lambda n=number: device_of(alice, f"late-{n}") for number in range(4)])
    assert sum(isinstance(each, Endpoint) for each in results) == 1, results
    assert Endpoint.objects.count() == MOST


# What people enter


def test_an_address_is_in_use_at_once_and_has_a_secret(alice: Person) -> None:
    hook = add(alice, "webhook", " https://example.org/hook ", label=" My shop ")
    assert (hook.value, hook.label, hook.is_usable, hook.is_exclusive) == (
        "https://example.org/hook",
        "My shop",
        True,
        False,
    )
    assert hook.secret.startswith("whsec_")
    assert len(b64decode(hook.secret.removeprefix("whsec_"), validate=True)) == 32
    assert is_new(hook)


def test_a_number_waits_for_its_code_and_has_no_secret(alice: Person) -> None:
    number = add(alice, "sms", "+977 981 2345678")
    assert (number.value, number.verified_at, number.secret) == ("+9779812345678", None, "")
    assert is_new(number)


def test_two_people_may_enter_the_same(alice: Person, bob: Person) -> None:
    one, other = hook_of(alice), hook_of(bob)
    assert one.pk != other.pk
    assert one.secret != other.secret


def test_entered_again_it_is_the_same_with_its_secret(alice: Person) -> None:
    before = hook_of(alice)
    after = hook_of(alice)
    assert (after.pk, after.secret) == (before.pk, before.secret)
    assert not is_new(after)


def test_entered_again_what_is_not_used_any_more_is_used_again(alice: Person) -> None:
    hook, number = hook_of(alice), number_of(alice)
    Endpoint.objects.update(retired_at=timezone.now(), retired_because="410", verified_at=timezone.now())
    assert hook_of(alice).is_usable
    found = number_of(alice)
    assert (found.pk, found.retired_at, found.verified_at) == (number.pk, None, None)
    assert find(alice, hook.pk) == hook


def test_a_number_in_use_need_not_be_proved_again(alice: Person) -> None:
    number_of(alice)
    Endpoint.objects.update(verified_at=timezone.now())
    assert number_of(alice).is_usable


def test_what_the_channel_does_not_take_is_refused(alice: Person, stored_channels: Channels) -> None:
    with pytest.raises(ValidationError) as refused:
        add(alice, "sms", "98123")
    assert said(refused) == {"value": ["Enter the number with its country code."]}
    with pytest.raises(ValidationError) as refused:
        add(alice, "push", "token")
    assert list(said(refused)) == ["channel"]
    stored_channels[1].is_set_up = False
    with pytest.raises(ValidationError, match="SMS is not set up here"):
        number_of(alice)
    assert not Endpoint.objects.exists()


# Afterwards


def test_it_is_dropped_by_its_owner_only(alice: Person, bob: Person) -> None:
    device = device_of(alice)
    assert not drop(bob, device.pk)
    assert not drop_device(bob, "push", device.value)
    assert find(bob, device.pk) is None
    assert drop(alice, device.pk)
    assert not drop(alice, device.pk)


def test_a_device_is_dropped_by_what_it_is(alice: Person) -> None:
    device_of(alice, "one", kind="fid")
    device_of(alice, "two", kind="token")
    assert not drop_device(alice, "push", "one", kind="token")
    assert drop_device(alice, "push", "one")
    assert drop_device(alice, "push", "two", kind="token")


def test_it_is_renamed_by_its_owner_only(alice: Person, bob: Person) -> None:
    device = device_of(alice)
    assert not rename(bob, device.pk, "Of Bob")
    assert rename(alice, device.pk, " Mine ")
    device.refresh_from_db()
    assert device.label == "Mine"


def test_a_new_secret_leaves_the_old_one_good_for_a_day(alice: Person) -> None:
    hook = hook_of(alice)
    made = rotate_secret(hook)
    found = Endpoint.objects.get()
    now = timezone.now()
    assert found.secrets() == [made, hook.secret]
    assert found.secrets(now + timedelta(hours=23)) == [made, hook.secret]
    assert found.secrets(now + timedelta(hours=24)) == [made]


def test_of_two_windows_one_makes_a_new_secret(alice: Person) -> None:
    hook = hook_of(alice)
    made = rotate_secret(hook)
    with pytest.raises(ValidationError, match="in another window"):
        rotate_secret(hook)
    assert Endpoint.objects.get().secrets() == [made, hook.secret]


def test_what_is_not_signed_has_no_secret(alice: Person) -> None:
    with pytest.raises(ValidationError, match="not signed"):
        rotate_secret(number_of(alice))


# Tests


def test_a_test_goes_to_this_one_endpoint(alice: Person, stored_channels: Channels) -> None:
    webhook = stored_channels[2]
    hook = hook_of(alice)
    hook_of(alice, "https://example.org/other")
    send_test(hook)
    work_off()
    [arrived] = webhook.sent
    assert (arrived.endpoint, arrived.event_type) == (hook.value, "endpoint.tested")
    assert list(arrived.secrets) == [hook.secret]


def test_no_more_than_five_tests_an_hour_of_one_endpoint(alice: Person) -> None:
    hook, other = hook_of(alice), hook_of(alice, "https://example.org/other")
    for _time in range(5):
        send_test(hook)
    with pytest.raises(TooOften, match="Try again in 60 minutes"):
        send_test(hook)
    send_test(other)


def test_nor_very_many_of_a_person_who_removes_and_adds_it_again(alice: Person) -> None:
    for _time in range(4):
        hook = hook_of(alice)
        for _test in range(5):
            send_test(hook)
        work_off()
        drop(alice, hook.pk)
    with pytest.raises(TooOften):
        send_test(hook_of(alice))


@pytest.mark.django_db(transaction=True)
def test_nor_by_asking_at_the_same_time(alice: Person) -> None:
    hook = hook_of(alice)
    results = side_by_side(*[lambda: send_test(hook)] * 8)
    assert sum(each is None for each in results) == 5, results


def test_what_is_not_in_use_is_not_tested(alice: Person) -> None:
    hook, number = hook_of(alice), number_of(alice)
    suppress("webhook", hook.value, Cause.STOP)
    for each in (hook, number):
        with pytest.raises(ValidationError, match="nothing to test"):
            send_test(each)


# Devices of which nothing is heard any more


def test_a_device_that_was_not_seen_for_long_is_used_no_longer(alice: Person, settings: Settings) -> None:
    old, young, hook = device_of(alice, "old"), device_of(alice, "young"), hook_of(alice)
    ages = {old.pk: 271, young.pk: 269, hook.pk: 1000}
    for pk, days in ages.items():
        Endpoint.objects.filter(pk=pk).update(last_seen_at=timezone.now() - days * DAY)
    clean_up()
    assert list(Endpoint.objects.filter(retired_at__isnull=False)) == [old]
    assert Endpoint.objects.get(pk=old.pk).retired_because == "not seen for 270 days"
    settings.ENGAGEMENT_DEVICE_STALE_DAYS = 30
    assert retire_stale() == 1
    assert retire_stale() == 0
    assert device_of(alice, "old").is_usable


def test_they_are_found_by_index(alice: Person) -> None:
    Endpoint.objects.bulk_create(
        Endpoint(person=alice, channel="push", value=f"token-{number}", is_exclusive=True)
        for number in range(5_000)
    )
    execute("ANALYZE engagement_endpoint")
    plan = fetch(f"EXPLAIN {RETIRE_STALE}", ["", "push", timezone.now() - DAY, 1_000])
    assert "endpoint_seen" in str(plan)
    assert "Seq Scan" not in str(plan)
