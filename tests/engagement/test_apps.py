"""What is found at start, without a list to edit."""

from engagement.registry import notifiers
from events.bus import handlers


def test_every_event_type_with_a_notifier_has_the_fan_out_once() -> None:
    for notifier in notifiers:
        names = [handler.name for handler in handlers.of(notifier.event_type)]
        assert names.count("engagement.fan_out") == 1


def test_an_event_type_without_a_notifier_has_it_not() -> None:
    assert "engagement.fan_out" not in [handler.name for handler in handlers.of("test.pinged")]


def test_the_notifiers_of_every_capability_are_found() -> None:
    assert {"product_management.ProductCreatedNotifier", "probe.ToldNotifier"} <= {
        each.name for each in notifiers
    }


def test_a_replay_leaves_the_fan_out_to_who_asks_for_it() -> None:
    found = handlers.find("engagement.fan_out")
    assert found is not None
    assert not found.replay
