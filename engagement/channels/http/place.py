"""Where something is sent on the web: what an address that somebody has entered means, and whether we go there.

It is taken apart once. Whatever connects, checks or encrypts uses the parts, so that nobody reads it in another way.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address
from urllib.parse import SplitResult, urlsplit

from django.utils.encoding import iri_to_uri, punycode
from django.utils.translation import gettext as _

from engagement.channels.http import network
from engagement.channels.http.network import Address

LONGEST = 1_000
#: By scheme, if an address names none.
PORTS = {"https": 443, "http": 80}
#: What some programs take for the end of a host, and others do not (RFC 3986 permits none of them).
UNFIT = frozenset(' \\"<>^`{|}')
HOST_LENGTH = 253
NAME = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?)*")
#: What ends so is an IPv4 address to the resolver, in whatever way it is written: 2130706433, 0x7f.1, 0177.1.
NUMBER = re.compile(r"(.*\.)?([0-9]+|0x[0-9a-f]*)")


@dataclass(frozen=True, slots=True)
class Place:
    """An address of the web, taken apart."""

    scheme: str
    #: A name in ASCII and lower case, or an address of the internet, without brackets.
    host: str
    port: int
    #: Path and query, in ASCII.
    target: str

    @property
    def address(self) -> Address | None:
        """The address of the internet that it names; None if that is for the resolver to say."""
        try:
            return ip_address(self.host)
        except ValueError:
            return None

    @property
    def authority(self) -> str:
        """The host with its port, as the header Host has it."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def url(self) -> str:
        """The whole."""
        return f"{self.scheme}://{self.authority}{self.target}"

    def objection(self, addresses: Sequence[Address]) -> str:
        """Return why we do not go there, given all addresses of the host; nothing if we do.

        One bad address is enough: which of them the connection will use is not for the far end to choose.
        """
        if network.is_listed(self.host, self.port):
            return ""
        others = [each for each in addresses if not network.is_inside(each)]
        if not others:
            return ""
        return self._open_way() or next(filter(None, map(network.objection, others)), "")

    def early_objection(self) -> str:
        """Return what can be objected without asking for the host's addresses."""
        if self.address is not None:
            return self.objection([self.address])
        is_maybe_permitted = network.is_listed(self.host, self.port) or network.networks()
        return "" if is_maybe_permitted else self._open_way()

    def _open_way(self) -> str:
        if self.scheme != "https":
            return _("The address must begin with https://, so that nobody else reads what is sent there.")
        if self.port not in PORTS.values():
            return _("The port %(port)d is not one of the web's: leave it out.") % {"port": self.port}
        return ""


def check_url(url: str) -> str:
    """Return an address that somebody entered, in ASCII, as it is stored; the network is not asked.

    Raises ValueError, with a sentence for who entered it.
    """
    place = place_of(url)
    if why := place.early_objection():
        raise ValueError(why)
    return place.url


def place_of(url: str) -> Place:
    """Return the parts of an address; what follows a # is not part of it. Raise ValueError, with a sentence."""
    if not url.isprintable() or UNFIT & set(url):
        raise ValueError(_("There is a character in the address that does not belong there."))
    parts, port = _split(url)
    if parts.scheme not in PORTS:
        raise ValueError(_("The address must begin with https://."))
    if "@" in parts.netloc:
        raise ValueError(_("There must be no user or password in the address."))
    query = f"?{parts.query}" if parts.query else ""
    target = iri_to_uri(f"{parts.path or '/'}{query}")
    port = PORTS[parts.scheme] if port is None else port
    found = Place(parts.scheme, _host(parts.hostname or ""), port, target)
    if len(found.url) > LONGEST:
        raise ValueError(_("The address is longer than %(longest)d characters.") % {"longest": LONGEST})
    return found


def _split(url: str) -> tuple[SplitResult, int | None]:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise ValueError(_("This is no address of the web.")) from error
    if port == 0:
        raise ValueError(_("There is no port 0."))
    return parts, port


def _host(given: str) -> str:
    """Return a host in ASCII.

    That comes first: digits and dots of other scripts become those of an address.
    """
    try:
        host = punycode(given).lower().removesuffix(".")
    except UnicodeError:
        host = ""
    if ":" in host:
        return _of_six(host)
    if len(host) > HOST_LENGTH or not NAME.fullmatch(host):
        raise ValueError(_("The address has no host, or none that there can be."))
    if NUMBER.fullmatch(host):
        return _of_four(host)
    return host


def _of_six(host: str) -> str:
    try:
        found = IPv6Address(host)
    except ValueError:
        found = None
    # A zone is a matter of this machine's own.
    if found is None or found.scope_id:
        raise ValueError(_("The address has no host, or none that there can be."))
    return str(found)


def _of_four(host: str) -> str:
    try:
        return str(ip_address(host))
    except ValueError as error:
        raise ValueError(_("Write the host as four decimal numbers, or as a name.")) from error
