"""Which PostgreSQL."""

from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from project import database

NAMES = ("DATABASE_URL", "DATABASE_NAME", "DATABASE_POOL", "EVENTS_LISTEN_DSN")


@pytest.fixture(autouse=True)
def no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Start from an environment that says nothing of databases."""
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)


def test_without_a_url_it_is_the_embedded_one() -> None:
    found = database.configuration(Path("/data"))
    assert (found["ENGINE"], found["NAME"], found["DATA_DIR"]) == ("project.embedded", "carillon", "/data")
    assert found["CONN_MAX_AGE"] == 600
    assert found["CONN_HEALTH_CHECKS"] is True


def test_a_url_names_any_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://me:secret@db.example:5433/shop?sslmode=require")
    found = database.configuration(Path("/data"))
    assert found["ENGINE"] == "django.db.backends.postgresql"
    assert (found["HOST"], found["PORT"], found["NAME"]) == ("db.example", 5433, "shop")
    assert found["OPTIONS"]["sslmode"] == "require"


def test_both_ends_notice_a_lost_machine_within_a_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(
        "DATABASE_URL", "postgresql://db.example/shop?keepalives_idle=5&options=-c%20jit%3Doff"
    )
    found = database.configuration(Path("/data"))["OPTIONS"]
    assert (found["keepalives_idle"], found["tcp_user_timeout"]) == (5, 60_000), "what the URL says counts"
    assert "-c tcp_user_timeout=60000" in found["options"]
    assert found["options"].endswith(" -c jit=off")


def test_a_pooler_is_not_sent_settings_of_the_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EVENTS_LISTEN_DSN", "host=db.example")
    assert "options" not in database.configuration(Path("/data"))["OPTIONS"]


@pytest.mark.parametrize("url", ["sqlite:///db.sqlite3", "mysql://x/y", "nonsense"])
def test_another_engine_is_refused(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setenv("DATABASE_URL", url)
    with pytest.raises(ImproperlyConfigured, match="runs on PostgreSQL only"):
        database.configuration(Path("/data"))


def test_the_name_can_be_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_NAME", "test_carillon")
    assert database.configuration(Path("/data"))["NAME"] == "test_carillon"


def test_the_web_process_uses_a_pool_instead_of_lasting_connections(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_POOL", "1")
    found = database.configuration(Path("/data"))
    assert found["OPTIONS"]["pool"]["max_size"] == 10
    assert found["CONN_MAX_AGE"] == 0
