"""`events` and `engagement` in somebody else's Django project, with the stock user and with one of its own."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.db import connection

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture
def empty_database(transactional_db: None) -> Iterator[dict[str, str]]:
    """An empty database on the server of the tests; how to reach it."""
    with connection.cursor() as cursor:
        cursor.execute("DROP DATABASE IF EXISTS test_foreign")
        cursor.execute("CREATE DATABASE test_foreign")
    found = connection.get_connection_params()
    yield {
        "FOREIGN_DATABASE": "test_foreign",
        "FOREIGN_DATABASE_USER": str(found.get("user", "")),
        "FOREIGN_DATABASE_PASSWORD": str(found.get("password", "")),
        "FOREIGN_DATABASE_HOST": str(found.get("host", "")),
        "FOREIGN_DATABASE_PORT": str(found.get("port", "")),
    }
    with connection.cursor() as cursor:
        cursor.execute("DROP DATABASE test_foreign WITH (FORCE)")


@pytest.mark.parametrize("user", ["auth.User", "shop.Customer"])
def test_an_event_arrives_in_the_inbox_of_any_user_model(empty_database: dict[str, str], user: str) -> None:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-m", "tests.foreign.journey"],
        cwd=ROOT,
        env=os.environ
        | empty_database
        | {"DJANGO_SETTINGS_MODULE": "tests.foreign.settings", "FOREIGN_USER": user},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-4000:]
    assert done.stdout.splitlines()[-1] == "arrived"
