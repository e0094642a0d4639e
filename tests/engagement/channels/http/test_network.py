"""Nobody has us talk to what only we can reach, in whatever way its address is written."""

from ipaddress import IPv4Address, IPv6Address, ip_address

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pytest_django import Settings

from engagement.channels.http import is_allow_list
from engagement.channels.http.network import is_inside, is_listed, networks, objection


@pytest.mark.parametrize(
    ("address", "why"),
    [
        ("127.0.0.1", "127.0.0.1 is a loopback address"),
        ("127.8.8.8", "127.8.8.8 is a loopback address"),
        ("0.0.0.0", "0.0.0.0 is the unspecified address"),  # noqa: S104
        ("0.1.2.3", "0.1.2.3 is a private address"),
        ("10.0.0.1", "10.0.0.1 is a private address"),
        ("172.16.0.1", "172.16.0.1 is a private address"),
        ("172.31.255.255", "172.31.255.255 is a private address"),
        ("192.168.1.1", "192.168.1.1 is a private address"),
        ("169.254.169.254", "169.254.169.254 is a link-local address"),
        ("100.64.0.1", "100.64.0.1 is a shared address (RFC 6598)"),
        ("100.100.100.200", "100.100.100.200 is a shared address (RFC 6598)"),
        ("168.63.129.16", "168.63.129.16 is the platform of a cloud (Azure)"),
        ("192.0.0.192", "192.0.0.192 is an address of special purpose (RFC 6890)"),
        ("192.88.99.1", "192.88.99.1 is a relay of 6to4 (RFC 7526)"),
        ("192.0.2.1", "192.0.2.1 is a private address"),
        ("198.18.0.1", "198.18.0.1 is a private address"),
        ("224.0.0.1", "224.0.0.1 is a multicast address"),
        ("239.255.255.250", "239.255.255.250 is a multicast address"),
        ("240.0.0.1", "240.0.0.1 is a reserved address"),
        ("255.255.255.255", "255.255.255.255 is a reserved address"),
        ("::", ":: is the unspecified address"),
        ("::1", "::1 is a loopback address"),
        ("fc00::1", "fc00::1 is a private address"),
        ("fd00:ec2::254", "fd00:ec2::254 is a private address"),
        ("fe80::1", "fe80::1 is a link-local address"),
        ("fe80::1%2", "fe80::1%2 is a link-local address"),
        ("fec0::1", "fec0::1 is a reserved address"),
        ("ff02::1", "ff02::1 is a multicast address"),
        ("2001:db8::1", "2001:db8::1 is a private address"),
        ("::7f00:1", "::7f00:1 is a reserved address"),
        ("5f00::1", "5f00::1 is a reserved address"),
        ("64:ff9b:1::7f00:1", "64:ff9b:1::7f00:1 is a"),
        ("::ffff:127.0.0.1", "stands for 127.0.0.1, which is a loopback address"),
        ("::ffff:169.254.169.254", "stands for 169.254.169.254, which is a link-local address"),
        ("64:ff9b::7f00:1", "64:ff9b::7f00:1 stands for 127.0.0.1, which is a loopback address"),
        ("64:ff9b::a9fe:a9fe", "stands for 169.254.169.254, which is a link-local address"),
        ("2002:7f00:1::", "2002:7f00:1:: stands for 127.0.0.1, which is a loopback address"),
        ("2002:a00:1::5", "2002:a00:1::5 stands for 10.0.0.1, which is a private address"),
        # The client of Teredo is written with its bits turned over.
        ("2001:0:4136:e378:8000:63bf:80ff:fffe", "stands for 127.0.0.1, which is a loopback address"),
        ("2001:0:4136:e378:8000:63bf:f7f7:f7f7", "is a private address"),
    ],
)
def test_an_address_that_is_not_everybodys_is_refused_with_the_reason(address: str, why: str) -> None:
    assert why in objection(ip_address(address))


@pytest.mark.parametrize(
    "address",
    ["8.8.8.8", "1.1.1.1", "172.32.0.1", "100.128.0.1", "2001:4860:4860::8888", "64:ff9b::808:808"],
)
def test_an_address_of_the_internet_is_not_refused(address: str) -> None:
    assert objection(ip_address(address)) == ""


ADDRESSES = st.ip_addresses() | st.integers(0, 2**32 - 1).map(
    lambda number: IPv6Address(int(IPv6Address("64:ff9b::")) + number)
)


@given(ADDRESSES)
@example(ip_address("::ffff:127.0.0.1"))
def test_none_is_let_through_that_is_not_global_to_python(address: IPv4Address | IPv6Address) -> None:
    if not address.is_global or address.is_multicast:
        assert objection(address)


@given(st.ip_addresses(v=4))
def test_none_is_let_through_that_is_refused_as_ipv4(address: IPv4Address) -> None:
    if objection(address):
        for written in (f"::ffff:{address}", f"64:ff9b::{address}", f"::{address}"):
            assert objection(ip_address(written))
        assert objection(IPv6Address((0x2002 << 112) | (int(address) << 80)))


def test_a_host_is_permitted_by_its_name_or_with_one_port(settings: Settings) -> None:
    settings.ENGAGEMENT_WEBHOOK_ALLOWED_HOSTS = ["Billing.internal", " 127.0.0.1:8000", "[::1]:8000", "::2"]
    assert is_listed("billing.internal", 1)
    assert is_listed("127.0.0.1", 8000)
    assert is_listed("::1", 8000)
    assert is_listed("::2", 1)
    assert not is_listed("127.0.0.1", 8001)
    assert not is_listed("::1", 8001)
    assert not is_listed("other.internal", 443)
    assert not is_listed("sub.billing.internal", 443)


def test_a_network_is_permitted_as_a_whole(settings: Settings) -> None:
    settings.ENGAGEMENT_WEBHOOK_ALLOWED_HOSTS = ["10.0.0.0/8", "fd00::1/64"]
    assert is_inside(ip_address("10.1.2.3"))
    assert is_inside(ip_address("fd00::5"))
    assert not is_inside(ip_address("11.1.2.3"))
    assert not is_inside(ip_address("::ffff:10.1.2.3"))


def test_what_cannot_be_read_permits_nothing(settings: Settings) -> None:
    settings.ENGAGEMENT_WEBHOOK_ALLOWED_HOSTS = ["10.0.0.0/99", "/"]
    assert networks() == []


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ([], True),
        (["localhost", "127.0.0.1:8000", "10.0.0.0/8"], True),
        ("localhost", False),
        ([""], False),
        (["10.0.0.0/99"], False),
        ([8000], False),
    ],
)
def test_a_setting_that_cannot_be_meant_is_told(value: object, expected: bool) -> None:
    assert is_allow_list(value) is expected
