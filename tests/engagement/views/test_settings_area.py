"""The settings of a person in a real browser: what choices would have meant, on a desktop and on a phone."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from capabilities.people.models import Person
from engagement.models import NotifiableEvent, NotificationPreference
from engagement.registration import add
from tests.browser import picture
from tests.engagement.views.test_in_a_browser import Opens, fits, opens, with_webhooks  # noqa: F401

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.browser]

PHONE: dict[str, Any] = {"viewport": {"width": 390, "height": 844}}
CONTEXTS: dict[str, dict[str, Any]] = {
    "desktop": {},
    "desktop-dark": {"color_scheme": "dark"},
    "phone": PHONE,
    "phone-dark": PHONE | {"color_scheme": "dark"},
}


@pytest.fixture
def busy(with_webhooks: None, alice: Person) -> Person:  # noqa: F811 - a fixture
    """Alice, who was told a lot last month, and reads by webhook, too."""
    add(alice, "webhook", "https://example.org/hook", label="My shop")
    last = datetime.now(tz=UTC).replace(day=1, hour=12) - timedelta(days=20)
    told = {"app": "created: default", "email": "planned: default"}
    for event_type, notifier, count in (
        ("product.created", "product_management.ProductCreatedNotifier", 40),
        ("product.updated", "product_management.ProductUpdatedNotifier", 23),
        ("test.told", "probe.ToldNotifier", 6),
    ):
        NotifiableEvent.objects.bulk_create(
            NotifiableEvent(
                person=alice,
                event_type=event_type,
                notifier=notifier,
                outcomes=told,
                created_at=last + timedelta(days=number % 14),
                delete_at=last + timedelta(days=400),
            )
            for number in range(count)
        )
    NotificationPreference.objects.create(person=alice, category="community", type="none")
    NotificationPreference.objects.create(person=alice, category="test", digest="daily")
    return alice


@pytest.mark.parametrize("name", CONTEXTS)
def test_what_a_choice_would_have_meant_follows_the_choice(opens: Opens, busy: Person, name: str) -> None:  # noqa: F811
    page = opens("/inbox/preferences/", "alice", **CONTEXTS[name])
    product = page.locator("#category-product")
    now = product.locator(".meant .now").first
    expect(product.locator(".meant").first).to_contain_text("63 emails, 63 in the inbox")
    before = now.inner_text()
    product.get_by_label("Apps").first.focus()
    page.keyboard.press("Space")
    expect(now).to_contain_text("With this choice, it would have been: 0 emails, 63 in the inbox")
    product.get_by_label("As usual").first.check(force=True)
    expect(now).to_have_text(before)
    product.get_by_label("Daily digest").first.check(force=True)
    expect(now).to_contain_text("up to 15 digests, 63 in the inbox")
    product.locator(".meant summary").first.click()
    expect(product.get_by_role("row", name="None").first).to_contain_text("0 emails, 0 in the inbox")
    assert fits(page)
    picture(page, f"preferences-{name}")


@pytest.mark.parametrize("name", ["desktop", "phone"])
def test_without_javascript_all_is_in_the_page(opens: Opens, busy: Person, name: str) -> None:  # noqa: F811
    page = opens("/inbox/preferences/", "alice", java_script_enabled=False, **CONTEXTS[name])
    product = page.locator("#category-product")
    expect(product.locator(".meant").first).to_contain_text("63 emails, 63 in the inbox")
    product.locator(".meant summary").first.click()
    expect(product.get_by_role("row", name="Apps").first).to_contain_text("0 emails, 63 in the inbox")
    picture(page, f"preferences-without-javascript-{name}")


def go_to(page: Page, label: str, name: str) -> None:
    """Go to another page of the area, by what there is for it on a screen of this size."""
    if name.startswith("phone"):
        page.locator(".pages-menu summary").click()
    page.get_by_role("navigation", name="Preferences").get_by_role("link", name=label).click()


@pytest.mark.parametrize("name", CONTEXTS)
def test_the_pages_of_the_area_lead_to_each_other(opens: Opens, busy: Person, name: str) -> None:  # noqa: F811
    page = opens("/inbox/preferences/", "alice", **CONTEXTS[name])
    for label in ("Language and times", "Devices and addresses", "Muted", "What reaches you"):
        go_to(page, label, name)
        heading = "Preferences" if label == "What reaches you" else label
        expect(page.get_by_role("heading", level=1)).to_have_text(heading)
        assert fits(page)
        picture(page, f"area-{label.split()[0].lower()}-{name}")
    page.set_viewport_size({"width": 320, "height": 640})
    assert fits(page)
