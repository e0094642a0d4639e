"""Addresses, as they are compared and logged."""

import pytest

from engagement.endpoint import is_same, masked_address, normal, normal_sql, spellings_of
from events.sql import fetch

ADDRESSES = [
    " Alice@Example.ORG\n",
    "ÄLICE@example.org",
    "İI@ΣΑΣ.example",
    "\u212aelvin@example.org",
    "\u00a0alice@example.org\u3000",
    "\t\x0b\x0c alice@example.org\x1c",
    "",
    " ",
]


@pytest.mark.parametrize(
    ("address", "masked"),
    [
        ("alice@example.org", "a…@example.org"),
        ("a@example.org", "a…@example.org"),
        ('"a@b"@example.org', '"…@example.org'),
        ("@example.org", "…@example.org"),
        ("+4915112345678", "+…"),
        ("alice@exämple.org", "a…@exämple.org"),
        ("https://hooks.example.org/@team/s3cret", "h…"),
        ("https://hooks.example.org/?to=alice@s3cret", "h…"),
        ("https://hooks.example.org/?to=alice@example.org&key=s3cret", "h…"),
        ("token@s3cret:APA91", "t…"),
        ("", "…"),
    ],
)
def test_a_log_does_not_say_whose_address_it_is(address: str, masked: str) -> None:
    assert masked_address(address) == masked


def test_addresses_are_compared_in_lower_case() -> None:
    assert normal(" Alice@Example.ORG\n") == "alice@example.org"


@pytest.mark.django_db
@pytest.mark.parametrize("address", ADDRESSES)
def test_the_database_and_we_compare_alike(address: str) -> None:
    assert fetch(f"SELECT {normal_sql('%s::text')}", [address]) == [(normal(address),)]


@pytest.mark.django_db
@pytest.mark.parametrize("collation", ["C", "default"])
def test_they_do_so_whatever_the_collation_of_the_column(collation: str) -> None:
    column = f'(%s::text COLLATE "{collation}")'
    found = fetch(f"SELECT {normal_sql(column)}", ["IÄ@EXAMPLE.org"])
    assert found == [("iÄ@example.org",)]


@pytest.mark.django_db
def test_who_has_no_address_has_none() -> None:
    assert fetch(f"SELECT {normal_sql('NULL')}") == [(None,)]


@pytest.mark.parametrize(
    ("one", "two", "expected"),
    [
        ("alice@example.org", " Alice@EXAMPLE.org", True),
        ("alice@müller.example", "alice@xn--mller-kva.example", True),
        ("alice@MÜLLER.example", "Alice@XN--MLLER-KVA.example", True),
        ("alice@müller.example", "bob@xn--mller-kva.example", False),
        ("alice@mueller.example", "alice@müller.example", False),
        ("älice@example.org", "alice@example.org", False),
        ("+4915112345678", "+4915112345678", True),
        ("alice@" + "x" * 64, "ALICE@" + "x" * 64, True),
        ("alice@a..b", "alice@a.b", False),
        ("", "", True),
        ("alice", "alice@example.org", False),
    ],
)
def test_a_mailbox_is_the_same_however_its_domain_is_written(one: str, two: str, expected: bool) -> None:
    assert is_same(one, two) is is_same(two, one) is expected


@pytest.mark.parametrize(
    ("address", "spellings"),
    [
        ("Alice@example.org", {"alice@example.org"}),
        ("alice@müller.example", {"alice@müller.example", "alice@xn--mller-kva.example"}),
        ("alice@xn--mller-kva.example", {"alice@müller.example", "alice@xn--mller-kva.example"}),
        ("alice@xn--0.example", {"alice@xn--0.example"}),
        ("+4915112345678", {"+4915112345678"}),
        ("", {""}),
    ],
)
def test_an_address_can_be_spelt_in_two_ways(address: str, spellings: set[str]) -> None:
    assert spellings_of(address) == spellings
