"""Django's PostgreSQL backend, which starts its own server before it connects."""

from typing import Any

from django.db.backends.postgresql.base import DatabaseWrapper as PostgreSQL

from project.embedded import server


class DatabaseWrapper(PostgreSQL):
    """Connects by Unix socket to the server under DATA_DIR, started when it is not running."""

    def get_connection_params(self) -> dict[str, Any]:
        """Return psycopg's arguments, with the socket of the running server as the host."""
        host = server.ensure_running(self.settings_dict["DATA_DIR"])
        return super().get_connection_params() | {"host": host}
