"""Make sure that Carillon and its limit write the same rows."""

from events.sql import fetch

TABLES = ("engagement_notifiableevent", "engagement_appnotification")
#: What differs from one fan-out to the next.
OWN = ["id", "event_id", "event_log_id", "created_at", "delete_at"]


def fingerprint() -> list[str]:
    """Return a digest of both tables as they are, but for keys and times."""
    statement = (
        "SELECT md5(string_agg((to_jsonb(row) - %s::text[])::text, ';' ORDER BY person_id)) FROM {} row"
    )
    return [fetch(statement.format(table), [OWN])[0][0] for table in TABLES]
