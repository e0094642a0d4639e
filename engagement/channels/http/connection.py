"""Connections that end in time, and lead to an address that was looked at.

What is not bounded is the resolver: `getaddrinfo` takes as long as the machine's resolv.conf lets it. If the time is up
by then, nothing is sent.
"""

import socket
import ssl
import time
from collections.abc import Callable, Iterable, Sequence
from ipaddress import ip_address
from typing import Any

import httpcore

from engagement.channels.http.errors import RefusedAddress
from engagement.channels.http.place import Place

#: How an address is reached, as socket.getaddrinfo has it: family, type, protocol, name, address.
Way = tuple[Any, Any, int, str, Any]
#: In bytes, with all that is around its body: who says "100 Continue" without an end keeps a processor busy.
LONGEST_ANSWER = 1_048_576
#: Like socket.getaddrinfo.
Resolve = Callable[..., Sequence[Way]]


class Deadline:
    """Until when a call must be done.

    The time-out of a socket begins anew with each byte, so each operation gets what is left.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._end = time.monotonic() + seconds

    def left(self) -> float:
        """Return how many seconds there are; raise TimeoutError if there are none."""
        found = self._end - time.monotonic()
        if found <= 0:
            raise TimeoutError(f"No answer within {self._seconds:g} s")
        return found


class Stream(httpcore.NetworkStream):
    """A connection whose every operation ends in time, and on which nobody is listened to for ever."""

    def __init__(self, connected: socket.socket, deadline: Deadline) -> None:
        self._socket, self._deadline = connected, deadline
        self._heard = 0

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Return what has come, or wait for something."""
        self._hurry()
        found = self._socket.recv(max_bytes)
        self._heard += len(found)
        if self._heard > LONGEST_ANSWER:
            raise httpcore.RemoteProtocolError("The answer has no end")
        return found

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Send everything. Who does not want to hear it all may have answered, so that is an error of its own."""
        rest = memoryview(buffer)
        while rest:
            self._hurry()
            try:
                rest = rest[self._socket.send(rest) :]
            except TimeoutError:
                raise
            except OSError as error:
                raise httpcore.WriteError(str(error)) from error

    def close(self) -> None:
        """Hang up."""
        self._socket.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        """Encrypt it. The certificate must be for the name, whatever address was connected to."""
        try:
            self._hurry()
            return Stream(
                ssl_context.wrap_socket(self._socket, server_hostname=server_hostname), self._deadline
            )
        except BaseException:
            self.close()
            raise

    def _hurry(self) -> None:
        self._socket.settimeout(self._deadline.left())


class Backend(httpcore.NetworkBackend):
    """Asks for a host's addresses once, looks at them all, and connects to no other."""

    def __init__(
        self,
        place: Place,
        deadline: Deadline,
        *,
        is_trusted: bool = False,
        resolve: Resolve = socket.getaddrinfo,
    ) -> None:
        self._place, self._deadline = place, deadline
        self._is_trusted, self._resolve = is_trusted, resolve

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        """Connect to the first address that can be connected to; raise RefusedAddress if any of them is not to be."""
        found = self._resolve(host, port, type=socket.SOCK_STREAM)
        if not self._is_trusted:
            addresses = [ip_address(address[0]) for *_, address in found]
            if why := self._place.objection(addresses):
                raise RefusedAddress(why)
        return Stream(self._connected(found), self._deadline)

    def _connected(self, found: Sequence[Way]) -> socket.socket:
        failure = OSError("The host has no address")
        for place, (family, kind, protocol, _name, address) in enumerate(found):
            # A share for each that is left, and one for what comes after.
            patience = self._deadline.left() / (len(found) - place + 1)
            try:
                return _connect(socket.socket(family, kind, protocol), address, patience)
            except OSError as error:
                failure = error
        raise failure


def _connect(made: socket.socket, address: Any, seconds: float) -> socket.socket:
    try:
        made.settimeout(seconds)
        made.connect(address)
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    except BaseException:
        made.close()
        raise
    return made
