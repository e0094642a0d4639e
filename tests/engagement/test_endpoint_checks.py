"""System checks: settings of endpoints."""

from typing import Any

import pytest
from pytest_django import Settings

from engagement.endpoint_checks import check_endpoints


def test_nothing_is_wrong_with_the_defaults() -> None:
    assert check_endpoints(None) == []


@pytest.mark.parametrize("hosts", [["billing.internal", "127.0.0.1:8000", "10.0.0.0/8"], ("fd00::/8",), []])
def test_hosts_and_networks_are_what_is_meant(settings: Settings, hosts: Any) -> None:
    settings.ENGAGEMENT_WEBHOOK_ALLOWED_HOSTS = hosts
    assert check_endpoints(None) == []


@pytest.mark.parametrize(
    "hosts", ["billing.internal", ["10.0.0.0/99"], ["https://billing.internal"], [""], None]
)
def test_what_permits_something_else_than_is_meant_is_found(settings: Settings, hosts: Any) -> None:
    settings.ENGAGEMENT_WEBHOOK_ALLOWED_HOSTS = hosts
    assert [each.id for each in check_endpoints(None)] == ["engagement.E032"]


@pytest.mark.parametrize("days", [0, -1, "270", None, True])
def test_days_that_are_none_are_found(settings: Settings, days: Any) -> None:
    settings.ENGAGEMENT_DEVICE_STALE_DAYS = days
    assert [each.id for each in check_endpoints(None)] == ["engagement.E033"]
