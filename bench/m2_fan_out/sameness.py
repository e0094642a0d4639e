"""Make sure that Carillon and what it is compared with write the same rows."""

from events.sql import fetch

TABLES = ("engagement_notifiableevent", "engagement_appnotification", "engagement_delivery")
#: What differs from one fan-out to the next.
OWN = ["id", "event_id", "event_log_id", "notifiable_id", "message_id"]
OWN += ["created_at", "available_at", "delete_at"]


def fingerprint() -> list[str]:
    """Return a digest of each table as it is, but for keys and times."""
    statement = (
        "SELECT md5(string_agg((to_jsonb(row) - %s::text[])::text, ';' ORDER BY person_id)) FROM {} row"
    )
    return [fetch(statement.format(table), [OWN])[0][0] for table in TABLES]
