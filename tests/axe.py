"""What axe-core finds on a page (tests/vendor/README.md). The browser runs it for us, so that no policy forbids it."""

from functools import cache
from pathlib import Path
from typing import Any

from playwright.sync_api import Page

AXE = Path(__file__).resolve().parent / "vendor" / "axe.min.js"
#: Those that keep somebody from using a page; the others are advice.
GRAVE = {"serious", "critical"}
#: Without `preload` it puts no style sheet into the page, which our policy would forbid.
OPTIONS = "{resultTypes: ['violations'], iframes: false, preload: false}"


@cache
def _source() -> str:
    return AXE.read_text(encoding="utf-8")


def violations(page: Page) -> dict[str, str]:
    """Return each grave violation by the name of its rule: what it is about, and the first places."""
    page.evaluate(f"() => {{ {_source()} }}")
    found = page.evaluate(f"axe.run(document, {OPTIONS})")
    return {each["id"]: _said(each) for each in found["violations"] if each["impact"] in GRAVE}


def _said(violation: dict[str, Any]) -> str:
    places = [f"{node['html'][:120]} ({node['failureSummary']})" for node in violation["nodes"][:3]]
    return f"{violation['id']}: {violation['help']}: {'; '.join(places)}"
