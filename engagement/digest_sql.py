"""The statements of a digest: closed, filled, and what is taken out of it."""

CLOSE = """
    UPDATE engagement_delivery SET gathered_at = coalesce(gathered_at, statement_timestamp())
     WHERE id = %s AND lease_token = %s"""
#: Parameters: the digest, the person, the channel.
GATHER = """
    UPDATE engagement_delivery
       SET digest_id = %s, state = 'succeeded', finished_at = statement_timestamp()
     WHERE person_id = %s AND channel = %s AND state = 'held' AND available_at <= statement_timestamp()"""
#: What is due later keeps a digest open. Parameters: the person, the channel.
LEFT = """
    WITH held AS (SELECT person_id, available_at FROM engagement_delivery
                   WHERE person_id = %s AND channel = %s AND state = 'held')
    """
LATELY = """
    SELECT 1 FROM engagement_delivery
     WHERE person_id = %s AND channel = %s AND is_digest AND id <> %s
       AND sent_at > statement_timestamp() - %s * interval '1 second' LIMIT 1"""
#: Parameters: why, the digest.
DROP = """
    UPDATE engagement_delivery SET state = 'skipped', digest_id = NULL, last_error = %s
     WHERE digest_id = %s"""
#: Parameters: ids, reasons, the digest.
LEAVE_OUT = """
    UPDATE engagement_delivery SET state = 'skipped', digest_id = NULL, last_error = left_out.why
      FROM unnest(%s::bigint[], %s::text[]) AS left_out(id, why)
     WHERE engagement_delivery.id = left_out.id AND digest_id = %s"""
#: Two digests of a person gather one after the other. First of all locks: who waits for this one holds none.
TAKE_TURNS = "SELECT pg_advisory_xact_lock(hashtextextended('carillon:digest:' || %s, 0))"
#: Whether the person has read of the limit in a digest of today. Parameters: the person, the channel, the digest.
TOLD = """
    SELECT 1 FROM engagement_delivery digest
     WHERE person_id = %s AND channel = %s AND is_digest AND id <> %s
       AND sent_at > statement_timestamp() - interval '1 day'
       AND EXISTS (SELECT 1 FROM engagement_delivery item WHERE item.digest_id = digest.id AND item.over_limit)
     LIMIT 1"""
#: Digests that died before they were closed, which only a bug can do: what they hold is not lost by it. They are
#: closed, and others opened, due in an hour. Parameters: channel, then those of OPEN_DIGESTS.
CLOSE_DEAD = """
    WITH dead AS (
        UPDATE engagement_delivery SET gathered_at = statement_timestamp()
         WHERE state = 'dead' AND is_digest AND gathered_at IS NULL AND channel = %s
        RETURNING person_id),
         held AS (SELECT person_id, statement_timestamp() + interval '1 hour' AS available_at FROM dead)
    """
