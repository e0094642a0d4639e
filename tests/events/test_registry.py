"""Event types and payloads."""

from datetime import timedelta
from typing import Annotated, Any

import pytest
from pydantic import BaseModel, ValidationError, computed_field, create_model
from pytest_django import Settings

from events.bus import (
    AlreadyRegistered,
    Cancel,
    EventTypes,
    InvalidEventType,
    InvalidPayload,
    Payload,
    RetryLater,
    Secret,
    UnknownEventType,
    event_type,
)
from events.exceptions import NotPublished
from events.payload import sensitive_fields
from events.registry import EventTypeRegistry
from tests.probe.events import Pinged, Whispered


@pytest.fixture
def registry(monkeypatch: pytest.MonkeyPatch) -> EventTypeRegistry:
    """An empty registry that `event_type` registers with."""
    empty = EventTypeRegistry()
    monkeypatch.setattr("events.registry.EventTypes", empty)
    return empty


def declare(name: str, version: int = 1, test_only: bool = False) -> type[Payload]:
    """Return a new payload model registered under this name."""

    @event_type(name, "Kite flown", category="kites", version=version, test_only=test_only)
    class KiteFlown(Payload):
        height: int

    return KiteFlown


def test_a_type_is_its_wire_name_and_is_found_by_name_constant_and_payload(
    registry: EventTypeRegistry,
) -> None:
    payload = declare("kite.flown")
    found = registry["kite.flown"]
    assert found == "kite.flown"
    assert registry.KITE_FLOWN is registry.of(payload) is found
    assert (found.display_name, found.category, found.payload) == ("Kite flown", "kites", payload)
    assert "kite.flown" in registry
    assert list(registry) == ["kite.flown"]


def test_an_unknown_name_names_the_nearest_ones(registry: EventTypeRegistry) -> None:
    declare("kite.flown")
    with pytest.raises(UnknownEventType, match=r"no event type 'kite.flow'. Did you mean kite.flown\?"):
        registry["kite.flow"]


def test_an_unknown_constant_is_an_attribute_error(registry: EventTypeRegistry) -> None:
    with pytest.raises(AttributeError, match="KITE_LOST"):
        _ = registry.KITE_LOST


def test_a_payload_that_is_not_registered_is_named(registry: EventTypeRegistry) -> None:
    with pytest.raises(UnknownEventType, match="Pinged"):
        registry.of(Pinged)


@pytest.mark.parametrize("second", ["kite.flown", "kite_flown.x"])
def test_a_name_is_declared_once(registry: EventTypeRegistry, second: str) -> None:
    declare("kite.flown")
    declare("kite.flown_x")
    with pytest.raises(
        AlreadyRegistered, match=r"'kite.*declared twice: in tests.events.test_registry.*KiteFlown"
    ):
        declare(second)


def test_names_that_no_column_could_hold_are_refused_at_the_start(registry: EventTypeRegistry) -> None:
    with pytest.raises(InvalidEventType, match=r"name 'kite\..*has 105 characters; 100 are permitted"):
        declare(f"kite.{'x' * 100}")
    with pytest.raises(InvalidEventType, match=r"category 'c+' .*has 51 characters; 50 are permitted"):
        event_type("kite.flown", "Kite flown", category="c" * 51)(type("KiteFlown", (Payload,), {}))
    assert not len(registry)


@pytest.mark.parametrize(
    "name", ["flown", "Kite.flown", "kite.", ".flown", "kite flown", "kite..flown", "kite.flown\n"]
)
def test_a_wire_name_is_lower_case_words_joined_by_dots(registry: EventTypeRegistry, name: str) -> None:
    with pytest.raises(InvalidEventType, match=r"product\.created"):
        declare(name)


def test_a_test_only_type_exists_only_under_test_settings(
    registry: EventTypeRegistry, settings: Settings
) -> None:
    settings.EVENTS_TEST_TYPES = False
    declare("kite.flown", test_only=True)
    assert "kite.flown" not in registry
    settings.EVENTS_TEST_TYPES = True
    declare("kite.flown", test_only=True)
    assert "kite.flown" in registry


def test_there_is_room_for_hundreds_of_types(registry: EventTypeRegistry) -> None:
    for number in range(300):
        declare(f"kite{number}.flown")
    assert len(registry) == 300
    assert registry.KITE299_FLOWN == "kite299.flown"


def test_the_types_of_the_capabilities_are_there() -> None:
    assert EventTypes.PRODUCT_CREATED == "product.created"
    assert str(EventTypes["product.updated"].display_name) == "Product updated"


def test_retention_is_the_types_own_or_the_setting(registry: EventTypeRegistry, settings: Settings) -> None:
    settings.EVENTS_RETENTION = timedelta(days=3)
    declare("kite.flown")

    @event_type("kite.lost", "Kite lost", category="kites", retention=timedelta(days=400))
    class KiteLost(Payload):
        pass

    assert registry.KITE_FLOWN.retention == timedelta(days=3)
    assert registry.KITE_LOST.retention == timedelta(days=400)


def test_a_wrong_payload_names_every_wrong_field_and_no_value(registry: EventTypeRegistry) -> None:
    declare("kite.flown")
    with pytest.raises(InvalidPayload) as caught:
        registry.KITE_FLOWN.validate({"height": "sky-high", "colour": "red"})
    message = str(caught.value)
    assert "'kite.flown'" in message
    assert "height: Input should be a valid integer" in message
    assert "colour: Extra inputs are not permitted" in message
    assert "sky-high" not in message


def test_a_payload_is_frozen() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        Pinged(note="x").note = "y"  # type: ignore[misc]


@pytest.mark.parametrize("seconds", [float("nan"), float("inf")])
def test_numbers_that_json_does_not_have_are_refused(seconds: float) -> None:
    with pytest.raises(ValidationError, match="finite number"):
        Pinged(seconds=seconds)


def test_a_payload_of_ones_own_making_has_no_envelope() -> None:
    with pytest.raises(NotPublished, match="Pinged was not read from the log"):
        _ = Pinged().envelope


def test_a_secret_is_not_shown() -> None:
    assert "1234" not in repr(Whispered(code="1234"))
    assert "1234" not in str(Whispered(code="1234"))


def test_a_secret_of_the_wrong_kind_is_not_shown_by_the_error() -> None:
    with pytest.raises(ValidationError) as caught:
        Whispered(code=["1234"])
    assert "1234" not in str(caught.value)
    assert "code\n  Input should be a valid string" in str(caught.value)


def test_a_secret_may_be_marked_by_its_class(registry: EventTypeRegistry) -> None:
    @event_type("kite.hidden", "Kite hidden", category="kites")
    class KiteHidden(Payload):
        place: Annotated[str, Secret]

    assert registry.KITE_HIDDEN.sensitive == {"place"}


def test_fields_that_a_type_has_lost_are_ignored_when_read(registry: EventTypeRegistry) -> None:
    payload = declare("kite.flown")
    assert registry.KITE_FLOWN.read({"height": 3, "colour": "red"}, 1) == payload.model_validate(
        {"height": 3}
    )


def test_an_older_version_is_upcast(registry: EventTypeRegistry) -> None:
    @event_type("kite.flown", "Kite flown", category="kites", version=2)
    class KiteFlown(Payload):
        metres: int

        @classmethod
        def upcast(cls, data: dict[str, object], version: int) -> dict[str, object]:
            return {"metres": data["height"]} if version == 1 else data

    assert registry.KITE_FLOWN.read({"height": 3}, 1) == KiteFlown(metres=3)
    assert registry.KITE_FLOWN.read({"metres": 4}, 2) == KiteFlown(metres=4)


def test_a_newer_version_waits_for_a_newer_deployment(registry: EventTypeRegistry) -> None:
    declare("kite.flown", version=1)
    with pytest.raises(RetryLater, match=r"Version 2 of the event type kite\.flown"):
        registry.KITE_FLOWN.read({"height": 3}, 2)


def test_an_event_whose_secrets_were_erased_is_pointless_to_handle() -> None:
    with pytest.raises(Cancel, match="erased"):
        EventTypes["test.whispered"].read({"fail": False}, 1)


class Safe(BaseModel):
    code: Annotated[str, Secret()]
    inside: "Safe | None" = None


@pytest.mark.parametrize(
    "kind",
    [
        Annotated[str, Secret()],
        Annotated[str, Secret],
        Annotated[str, Secret()] | None,
        list[Annotated[str, Secret()]],
        dict[str, list[Annotated[str, Secret()]]],
        Safe,
        list[Safe],
    ],
)
def test_a_secret_is_found_wherever_it_is_marked(kind: Any) -> None:
    payload = create_model("Hiding", __base__=Payload, hidden=(kind, ...), shown=(list[str] | None, None))
    assert sensitive_fields(payload) == {"hidden"}


def test_a_payload_with_computed_fields_is_refused() -> None:
    class Computed(Payload):
        code: Annotated[str, Secret()]

        @computed_field  # type: ignore[prop-decorator]  # the order that pydantic asks for
        @property
        def link(self) -> str:
            return f"/r/{self.code}"

    with pytest.raises(InvalidEventType, match="Computed has computed fields: link"):
        event_type("test.computed", "Computed", category="test")(Computed)
