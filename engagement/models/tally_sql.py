"""Outcomes, sorted and counted in SQL: as they are folded into the tally, and of what is not folded yet.

Both count by the same statement, so that it makes no difference whether the clean-up has come by.
"""

from engagement.decide import Reason, Status, Wait

#: What a count is of, in the order of the columns. Each outcome is counted in exactly one of them.
COUNTS = ("told", "collected", "required", "declined", "unreachable", "barred")

#: What a choice, or what applies without one, has decided.
BY_CHOICE = [Reason.EVENT_TYPE, Reason.CATEGORY, Reason.EVENT_TYPE_RULE, Reason.CATEGORY_RULE, Reason.DEFAULT]
NOWHERE_TO_GO = [Reason.NO_ENDPOINT, Reason.SUPPRESSED, Reason.NOT_CONFIGURED]


def _among(values: list[Reason] | list[Wait]) -> str:
    return ", ".join(f"'{value}'" for value in values)


#: From rows of `source` (person_id, event_type, notifier, outcomes, created_at) to counts for each channel. Rows of
#: one person that are alike are put together before their outcomes are read. Moments count in UTC.
COUNTED = f"""
    alike AS (
        SELECT person_id, event_type, notifier, outcomes, count(*) AS number,
               date_trunc('month', created_at AT TIME ZONE 'UTC')::date AS month,
               bit_or(1 << (extract(day FROM created_at AT TIME ZONE 'UTC')::integer - 1)) AS days
          FROM source
         WHERE jsonb_typeof(outcomes) = 'object'
         GROUP BY person_id, event_type, notifier, outcomes, month),
    said AS (
        SELECT alike.*, channel, split_part(outcome, ': ', 1) AS status,
               split_part(split_part(outcome, ': ', 2), ', ', 1) AS reason,
               split_part(split_part(outcome, ': ', 2), ', ', 2) AS wait
          FROM alike CROSS JOIN LATERAL jsonb_each_text(outcomes) AS each(channel, outcome)),
    sorted AS (
        SELECT said.*,
               CASE WHEN status IN ('{Status.CREATED}', '{Status.PLANNED}') THEN
                         CASE WHEN reason = '{Reason.MANDATORY}' THEN 'required'
                              WHEN wait IN ({_among([each for each in Wait if each.is_digest])}) THEN 'collected'
                              ELSE 'told' END
                    WHEN status = '{Status.SKIPPED}' AND reason IN ({_among(BY_CHOICE)}) THEN 'declined'
                    WHEN status = '{Status.SKIPPED}' AND reason IN ({_among(NOWHERE_TO_GO)}) THEN 'unreachable'
                    ELSE 'barred' END AS kind
          FROM said),
    counted AS (
        SELECT person_id, month, event_type, notifier, channel,
               {", ".join(f"coalesce(sum(number) FILTER (WHERE kind = '{each}'), 0) AS {each}" for each in COUNTS)},
               coalesce(bit_or(days) FILTER (WHERE kind IN ('told', 'collected', 'declined')), 0) AS days
          FROM sorted
         GROUP BY person_id, month, event_type, notifier, channel)"""

KEY = "person_id, month, event_type, notifier, channel"
#: Months for which a month is kept after its end.
KEPT = 13
#: Deletes and counts in one statement: done as a whole, or not at all. In the order of the key, in which two
#: clean-ups lock the same rows without waiting for each other in a circle. Parameters: those of the ids.
FOLD = f"""
    WITH source AS (
        DELETE FROM {{table}} WHERE {{key}} = ANY(ARRAY({{expired}}))
        RETURNING person_id, event_type, notifier, outcomes, created_at),
    {COUNTED},
    folded AS (
        INSERT INTO engagement_tally AS tally ({KEY}, {", ".join(COUNTS)}, days, delete_at)
        SELECT {KEY}, {", ".join(COUNTS)}, days,
               (month + interval '{KEPT + 1} months') AT TIME ZONE 'UTC'
          FROM counted ORDER BY {KEY}
        ON CONFLICT ({KEY}) DO UPDATE
           SET {", ".join(f"{each} = tally.{each} + excluded.{each}" for each in COUNTS)},
               days = tally.days | excluded.days)
    SELECT count(*) FROM source"""
#: What was decided for a person since the first day of a month: folded, and not yet. Parameters: the person and that
#: day, the person and that day.
OF_PERSON = f"""
    WITH source AS (
        SELECT person_id, event_type, notifier, outcomes, created_at
          FROM engagement_notifiableevent
         WHERE person_id = %s AND created_at >= %s::date::timestamp AT TIME ZONE 'UTC'),
    {COUNTED}
    SELECT month, event_type, notifier, channel, {", ".join(COUNTS)}, days FROM counted
     UNION ALL
    SELECT month, event_type, notifier, channel, {", ".join(COUNTS)}, days
      FROM engagement_tally WHERE person_id = %s AND month >= %s"""
