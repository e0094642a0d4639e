"""The plans of the statements that are really run."""

from collections.abc import Callable

from django.db import connection
from django.test.utils import CaptureQueriesContext

from events.sql import fetch


def plans(work: Callable[[], object], explain: str = "EXPLAIN ") -> str:
    """Run it, and return the plans of its statements."""
    with CaptureQueriesContext(connection) as captured:
        work()
    statements = [each["sql"] for each in captured if "SAVEPOINT" not in each["sql"]]
    assert statements
    return "\n".join(row[0] for each in statements for row in fetch(explain + each.replace("%", "%%")))


def assert_by_index(plan: str, table: str, *indexes: str) -> None:
    assert f"Seq Scan on {table}" not in plan, plan
    for index in indexes:
        assert index in plan, plan
