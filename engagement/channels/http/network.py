"""Which addresses of the internet somebody else may have us talk to: none that only we can reach.

Whoever enters the address of a webhook must not learn from our answers what is on our machine or in our network
(server-side request forgery). Python's `is_global` is one of the conditions, but not enough: to it, multicast is
global, and so are IPv4 addresses of a private network that are written as IPv6.
"""

from contextlib import suppress
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_network,
)

from engagement.conf import conf

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

#: All of IPv6 that is given to anybody (RFC 4291, 2.4).
GIVEN_OUT = IPv6Network("2000::/3")
#: Where a network without IPv4 reaches IPv4 (RFC 6052).
NAT64 = IPv6Network("64:ff9b::/96")
#: Between a provider and its customers (RFC 6598); there is metadata of a cloud, too.
SHARED = IPv4Network("100.64.0.0/10")
#: Not all of them are private to every version of Python.
SPECIAL = {
    IPv4Network("192.0.0.0/24"): "an address of special purpose (RFC 6890)",
    IPv4Network("192.88.99.0/24"): "a relay of 6to4 (RFC 7526)",
    IPv4Network("168.63.129.16/32"): "the platform of a cloud (Azure)",
}


def objection(address: Address) -> str:
    """Return why nothing may be sent there, such as "127.0.0.1 is a loopback address"; nothing if it may."""
    meant = _embedded(address)
    if meant is not None and (kind := _kind(meant)):
        return f"{address} stands for {meant}, which is {kind}"
    kind = _kind(address)
    return f"{address} is {kind}" if kind else ""


def is_listed(host: str, port: int) -> bool:
    """Tell whether an operator has permitted a host, or a port of it, by name."""
    bracketed = f"[{host}]" if ":" in host else host
    return not {host, f"{bracketed}:{port}"}.isdisjoint(_entries())


def is_inside(address: Address) -> bool:
    """Tell whether an address is in a network that an operator has permitted."""
    return any(address in each for each in networks())


def networks() -> list[Network]:
    """Return those that an operator has permitted."""
    return [found for each in _entries() if (found := _network(each))]


def is_allow_list(value: object) -> bool:
    """Tell whether a setting can be meant as a list of hosts and networks; what cannot be read permits nothing."""
    return isinstance(value, list | tuple) and all(
        isinstance(each, str) and each.strip() and ("/" not in each or _network(each)) for each in value
    )


def _entries() -> list[str]:
    return [each.strip().lower() for each in conf.webhook_allowed_hosts]


def _network(text: str) -> Network | None:
    with suppress(ValueError):
        return ip_network(text.strip(), strict=False) if "/" in text else None
    return None


def _embedded(address: Address) -> IPv4Address | None:
    """Return the IPv4 address that one of IPv6 leads to, by translation or in a tunnel."""
    if isinstance(address, IPv4Address):
        return None
    if address in NAT64:
        return IPv4Address(int(address) & 0xFFFF_FFFF)
    return address.ipv4_mapped or address.sixtofour or (address.teredo or (None, None))[1]


def _kind(address: Address) -> str:
    """Return what an address is that is not everybody's; nothing for one that is."""
    is_private = address.is_private or not address.is_global
    found = [
        (address.is_unspecified, "the unspecified address"),
        (address.is_loopback, "a loopback address"),
        (address.is_link_local, "a link-local address"),
        (address.is_multicast, "a multicast address"),
        (_is_reserved(address), "a reserved address"),
        (isinstance(address, IPv4Address) and address in SHARED, "a shared address (RFC 6598)"),
        (is_private, "a private address"),
        *((address in network, kind) for network, kind in SPECIAL.items()),
    ]
    return next((kind for is_so, kind in found if is_so), "")


def _is_reserved(address: Address) -> bool:
    if isinstance(address, IPv4Address):
        return address.is_reserved
    is_private = address.is_private
    return not is_private and address not in GIVEN_OUT and address not in NAT64 and not address.ipv4_mapped
