"""The accounts: every event x person x channel has exactly one outcome. Asked of the whole table, in SQL."""

from dataclasses import dataclass
from typing import Any

from engagement.channels import channels
from engagement.decide import PRESET_CHANNELS, Preset
from events.sql import fetch

COVERED = """EXISTS (SELECT 1 FROM engagement_notificationbatch work
                      WHERE work.event_id = concerned.event_log_id
                        AND concerned.id BETWEEN work.first_id AND work.last_id
                        AND {state})"""
WAITING = COVERED.format(state="work.finished_at IS NULL")
DEAD = COVERED.format(state="work.state = 'dead'")
#: Of which there always is one; of others none goes without saying (decide.is_implied).
ALWAYS = [*PRESET_CHANNELS[Preset.BOTH]]
#: What must not be there: a sentence, and the query of the ids.
CHECKS: dict[str, str] = {
    "NotifiableEvents of a published event that nobody will decide": f"""
        SELECT id FROM engagement_notifiableevent concerned
         WHERE outcomes IS NULL AND event_log_id IS NOT NULL AND NOT {WAITING} AND NOT {DEAD}""",
    "NotifiableEvents of a dead batch: see its last error, and requeue it": f"""
        SELECT id FROM engagement_notifiableevent concerned
         WHERE outcomes IS NULL AND {DEAD} AND NOT {WAITING}""",
    "NotifiableEvents with an outcome that is none": """
        SELECT id FROM engagement_notifiableevent
         WHERE EXISTS (SELECT 1 FROM jsonb_each(outcomes) AS each(channel, outcome)
                        WHERE jsonb_typeof(outcome) <> 'string'
                           OR outcome #>> '{}' !~ '^(created|planned|skipped): .')""",
    "NotifiableEvents without exactly one outcome on every channel": f"""
        SELECT id FROM engagement_notifiableevent
         WHERE outcomes IS NOT NULL
           AND NOT (outcomes ?& ARRAY{ALWAYS} AND outcomes - %s::text[] = '{{}}')""",
    "NotifiableEvents said to be in the inbox that are not": """
        SELECT id FROM engagement_notifiableevent concerned
         WHERE outcomes ->> 'app' LIKE 'created:%%' AND delete_at > statement_timestamp()
           AND NOT EXISTS (SELECT 1 FROM engagement_appnotification shown WHERE shown.event_id = concerned.id)""",
    "AppNotifications whose outcome is not that they were created": """
        SELECT shown.id FROM engagement_appnotification shown
          JOIN engagement_notifiableevent concerned ON concerned.id = shown.event_id
         WHERE concerned.outcomes ->> 'app' NOT LIKE 'created:%%'""",
    "Planned outcomes without a message: nobody will send it": """
        SELECT concerned.id
          FROM engagement_notifiableevent concerned, jsonb_each_text(outcomes) AS each(channel, outcome)
         WHERE outcome LIKE 'planned:%%' AND delete_at > statement_timestamp()
           AND NOT EXISTS (SELECT 1 FROM engagement_delivery message
                            WHERE message.notifiable_id = concerned.id AND message.channel = each.channel)""",
    "Deliveries whose outcome is not that they were planned": """
        SELECT message.id FROM engagement_delivery message
          JOIN engagement_notifiableevent concerned ON concerned.id = message.notifiable_id
         WHERE coalesce(concerned.outcomes ->> message.channel, '') NOT LIKE 'planned:%%'""",
    "Deliveries held for a digest that there is not": """
        SELECT held.id FROM engagement_delivery held
         WHERE held.state = 'held'
           AND NOT EXISTS (SELECT 1 FROM engagement_delivery digest
                            WHERE digest.person_id = held.person_id AND digest.channel = held.channel
                              AND digest.is_digest AND digest.finished_at IS NULL
                              AND (digest.gathered_at IS NULL
                                   OR NOT EXISTS (SELECT 1 FROM engagement_delivery item
                                                   WHERE item.digest_id = digest.id)))""",
    "Deliveries in a digest that there is not": """
        SELECT item.id FROM engagement_delivery item
         WHERE item.digest_id IS NOT NULL
           AND NOT EXISTS (SELECT 1 FROM engagement_delivery digest
                            WHERE digest.id = item.digest_id AND digest.is_digest
                              AND digest.person_id = item.person_id AND digest.gathered_at IS NOT NULL)""",
    "Deliveries said to be sent that were not": """
        SELECT message.id FROM engagement_delivery message
         WHERE message.state = 'succeeded' AND message.sent_at IS NULL AND message.digest_id IS NULL""",
    "NotificationBatches with more outcomes than recipients": """
        SELECT id FROM engagement_notificationbatch WHERE created + skipped > recipients""",
}
EXAMPLES = 5


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that must not be."""

    what: str
    count: int
    #: The first ids.
    examples: list[int]


def examine() -> list[Finding]:
    """Return what is wrong, which is nothing.

    A channel that was added lately is missing from the outcomes of before: they expire within days.
    """
    names = sorted(channels())
    found = [(what, fetch(_counted(query), [names] * query.count("%s"))[0]) for what, query in CHECKS.items()]
    return [Finding(what, count, examples) for what, (count, examples) in found if count]


def _counted(query: str) -> str:
    return f"SELECT count(*), (array_agg(id ORDER BY id))[1:{EXAMPLES}] FROM ({query}) found"


def accounts() -> dict[str, Any]:
    """Return how many outcomes there are of each kind, by channel, and how many people are not decided yet."""
    rows = fetch("""
        SELECT channel, split_part(outcome, ':', 1), count(*)
          FROM engagement_notifiableevent, jsonb_each_text(outcomes) AS each(channel, outcome)
         GROUP BY 1, 2 ORDER BY 1, 2""")
    ((undecided,),) = fetch("SELECT count(*) FROM engagement_notifiableevent WHERE outcomes IS NULL")
    found = {f"{channel} {status}": count for channel, status, count in rows}
    return found | ({"undecided": undecided} if undecided else {})
