"""Addresses, as they are compared and logged."""

import pytest

from engagement.endpoint import masked_address, normal


@pytest.mark.parametrize(
    ("address", "masked"),
    [
        ("alice@example.org", "a…@example.org"),
        ("a@example.org", "a…@example.org"),
        ('"a@b"@example.org', '"…@example.org'),
        ("@example.org", "…@example.org"),
        ("+4915112345678", "+…"),
        ("", "…"),
    ],
)
def test_a_log_does_not_say_whose_address_it_is(address: str, masked: str) -> None:
    assert masked_address(address) == masked


def test_addresses_are_compared_in_lower_case() -> None:
    assert normal(" Alice@Example.ORG\n") == "alice@example.org"
