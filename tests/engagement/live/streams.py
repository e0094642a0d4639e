"""Open streams of a real web server, read by a thread each."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Self

import httpx
from django.test import Client

from capabilities.people.models import Person
from tests.polling import eventually

PLACE = "/inbox/stream/"


def session_of(person: Person) -> Client:
    """Return a browser in which this person is logged in."""
    client = Client()
    client.force_login(person)
    return client


def cookies(client: Client) -> dict[str, str]:
    return {name: each.value for name, each in client.cookies.items()}


class Stream:
    """What one client has received so far, kept as a page would keep it."""

    def __init__(self, url: str, client: Client) -> None:
        self.status = 0
        self.headers: dict[str, str] = {}
        self.events: list[tuple[str, dict[str, Any]]] = []
        #: Rows by id, and the badge, as they follow from the events.
        self.rows: dict[int, dict[str, Any]] = {}
        self.badge = ""
        self.comments = 0
        self.is_over = False
        self._url, self._cookies = url, cookies(client)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self) -> None:
        try:
            with (
                httpx.Client(cookies=self._cookies, timeout=60, trust_env=False) as http,
                http.stream("GET", self._url) as answer,
            ):
                self.status, self.headers = answer.status_code, dict(answer.headers)
                name = ""
                for line in answer.iter_lines():
                    if self._stop.is_set():
                        return
                    name = self._take(name, line)
        except httpx.HTTPError:
            pass
        finally:
            self.is_over = True

    def _take(self, name: str, line: str) -> str:
        if line.startswith("event: "):
            return line.removeprefix("event: ")
        if line.startswith("data: "):
            self._apply(name, json.loads(line.removeprefix("data: ")))
        self.comments += line.startswith(":")
        return name

    def _apply(self, name: str, data: dict[str, Any]) -> None:
        if name == "state":
            self.rows.clear()
        self.rows |= {row["id"]: row for row in data.get("notifications", [])}
        for pk in data.get("ids", []):
            self.rows.pop(pk, None)
        self.badge = data["badge"]
        self.events.append((name, data))

    def names(self) -> list[str]:
        return [name for name, _ in self.events]

    def titles(self) -> list[str]:
        """Return the titles, the newest first."""
        return [row["title"] for _, row in sorted(self.rows.items(), reverse=True)]

    def until(self, *titles: str) -> Self:
        """Wait until just these are listed."""
        eventually(lambda: self.titles() == list(titles), what=f"{titles}; there is {self.titles()}")
        return self

    def holds(self, count: int) -> None:
        """Wait until so many are listed."""
        eventually(lambda: len(self.rows) == count, what=f"{count} rows; there is {self.titles()}")

    def badge_is(self, text: str) -> None:
        """Wait until the badge says this."""
        eventually(lambda: self.badge == text, what=f"the badge {text!r}; it is {self.badge!r}")

    def begun(self) -> Self:
        """Wait for the state."""
        eventually(lambda: self.events or self.is_over, timeout=30, what="the state")
        assert self.status == 200, self.status
        return self

    def over(self, timeout: float = 5) -> None:
        """Wait for the end."""
        eventually(lambda: self.is_over, timeout=timeout, what="the end of the stream")

    def close(self) -> None:
        self._stop.set()


@contextmanager
def streams(url: str, *clients: Client, place: str = PLACE) -> Iterator[list[Stream]]:
    """Open a stream for each of these; they have the state."""
    opened = [Stream(url.rstrip("/") + place, client) for client in clients]
    try:
        yield [each.begun() for each in opened]
    finally:
        for each in opened:
            each.close()
