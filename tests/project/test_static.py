"""Static files while developing: what is not there is not found."""

import pytest
from django.test import Client
from pytest_django import Settings


def status(path: str) -> int:
    """Return what a browser gets."""
    return Client(raise_request_exception=False).get(path).status_code


@pytest.mark.parametrize("debug", [True, False])
@pytest.mark.parametrize(
    "path",
    [
        "/static/none.css",
        "/static/%00",
        "/static/../manage.py",
        "/static/%2e%2e/manage.py",
        "/static//etc/passwd",
        "/static/",
        "/static/admin",
    ],
)
def test_what_is_not_there_is_not_found(path: str, debug: bool, settings: Settings) -> None:
    settings.DEBUG = debug
    assert status(path) == 404


def test_what_is_there_is_served(settings: Settings) -> None:
    settings.DEBUG = True
    assert status("/static/admin/css/base.css") == 200
