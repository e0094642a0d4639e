"""Which PostgreSQL: the one in DATABASE_URL, or else an embedded one under .data/ that needs no set-up."""

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import dj_database_url
from django.core.exceptions import ImproperlyConfigured

from project import env

#: A machine that is lost says no goodbye. Both ends notice within a minute instead of two hours, and the server drops
#: the locks. libpq ignores these on a Unix socket, and so does the server.
CLIENT_END = {
    "keepalives": 1,
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "tcp_user_timeout": 60_000,
}
SERVER_END = " ".join(
    f"-c {name}"
    for name in (
        "tcp_keepalives_idle=30",
        "tcp_keepalives_interval=10",
        "tcp_keepalives_count=3",
        "tcp_user_timeout=60000",
    )
)


def configuration(data_dir: Path) -> dict[str, Any]:
    """Return DATABASES["default"].

    DATABASE_URL names any PostgreSQL 15 or newer. DATABASE_NAME replaces the name in it, which is how
    the tests point real worker processes at the test database. DATABASE_POOL=1 uses psycopg's pool,
    which only the ASGI web process may: threads come and go there, and nothing forks.
    """
    url = env.text("DATABASE_URL", "")
    found = _from_url(url) if url else _embedded(data_dir)
    found["NAME"] = env.text("DATABASE_NAME", found["NAME"])
    found["OPTIONS"] = _watchful(found.get("OPTIONS", {}))
    if env.boolean("DATABASE_POOL", default=False):
        found["OPTIONS"] |= {"pool": {"min_size": 1, "max_size": 10, "timeout": 10}}
        return found | {"CONN_MAX_AGE": 0, "CONN_HEALTH_CHECKS": False}
    return found | {"CONN_MAX_AGE": 600, "CONN_HEALTH_CHECKS": True}


def _watchful(options: dict[str, Any]) -> dict[str, Any]:
    """Add what notices a lost machine; what DATABASE_URL says itself counts for more.

    With EVENTS_LISTEN_DSN there is a PgBouncer in between. It refuses settings of the server when connecting,
    and has keepalives of its own.
    """
    found = CLIENT_END | options
    if not env.text("EVENTS_LISTEN_DSN", ""):
        found["options"] = f"{SERVER_END} {options.get('options', '')}".strip()
    return found


def _from_url(url: str) -> dict[str, Any]:
    scheme = urlsplit(url).scheme
    if scheme not in {"postgres", "postgresql"}:
        raise ImproperlyConfigured(
            f"DATABASE_URL must start with postgresql://, not {scheme}://: Carillon runs on PostgreSQL only."
        )
    return dict(dj_database_url.parse(url))


def _embedded(data_dir: Path) -> dict[str, Any]:
    return {"ENGINE": "project.embedded", "NAME": "carillon", "USER": "postgres", "DATA_DIR": str(data_dir)}
