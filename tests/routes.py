"""Every address of the project, by the resolver: who adds a route need not list it for the tests that walk them all."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver, reverse


@dataclass(frozen=True, slots=True)
class Route:
    """One pattern: as it is written, what reverses it, and what it asks for."""

    pattern: str
    name: str
    parameters: tuple[str, ...]

    @property
    def is_of_admin(self) -> bool:
        """Tell whether it is of Django's admin, where it depends on permissions and not on whose something is."""
        return self.pattern.startswith("admin/")

    @property
    def is_of_the_demo(self) -> bool:
        """Tell whether it is of the page on which everybody acts as the people of the demo."""
        return self.pattern.startswith("tryit/")

    def address(self, *args: Any) -> str:
        """Return an address of it; one without a name has no parameters here."""
        return reverse(self.name, args=args) if self.name else f"/{self.pattern}"

    def __str__(self) -> str:
        return self.name or self.pattern


def routes() -> list[Route]:
    """Return all, but for those of the admin without a name, which only lead on, and those of the demo's Try it.

    Whoever comes to that page may act as any of the demo's people, and as nobody else: its own tests see to that.
    """
    found = _walk(get_resolver(), "", "")
    return [route for route in found if route.name or not route.is_of_admin if not route.is_of_the_demo]


def _walk(
    resolver: URLResolver, prefix: str, namespace: str, parameters: tuple[str, ...] = ()
) -> Iterator[Route]:
    for entry in resolver.url_patterns:
        pattern = f"{prefix}{entry.pattern}"
        known = (*parameters, *entry.pattern.regex.groupindex)
        if isinstance(entry, URLResolver):
            inner = f"{namespace}{entry.namespace}:" if entry.namespace else namespace
            yield from _walk(entry, pattern, inner, known)
        elif isinstance(entry, URLPattern):
            yield Route(pattern, f"{namespace}{entry.name}" if entry.name else "", known)
