"""The statements by which endpoints come, and stale ones go."""

#: So that what one person does at the same time in several windows is done one after the other. Parameters: person.
LOCK = "SELECT pg_advisory_xact_lock(hashtextextended('carillon:endpoints:' || %s, 0))"
#: Whoever's it was, it is this person's from now on, as if it were new.
#: Parameters: person, channel, kind, value, label.
REGISTER = """
    INSERT INTO engagement_endpoint AS endpoint (person_id, channel, kind, value, label, is_exclusive, verified_at)
    VALUES (%s, %s, %s, %s, %s, TRUE, statement_timestamp())
    ON CONFLICT (channel, kind, value) WHERE is_exclusive DO UPDATE
       SET person_id = excluded.person_id,
           created_at = CASE WHEN endpoint.person_id = excluded.person_id
                             THEN endpoint.created_at ELSE excluded.created_at END,
           label = CASE WHEN endpoint.person_id = excluded.person_id AND excluded.label = ''
                        THEN endpoint.label ELSE excluded.label END,
           registered_at = excluded.registered_at, last_seen_at = excluded.last_seen_at,
           verified_at = excluded.verified_at, failures = 0, rests_until = NULL,
           retired_at = NULL, retired_because = ''
    RETURNING id"""
#: One that is in use stays proved to be its owner's; one that was not reached any more may be somebody else's by now.
#: Parameters: person, channel, kind, value, label, secret, whether it has to be verified.
ENTER = """
    INSERT INTO engagement_endpoint AS endpoint (person_id, channel, kind, value, label, secret, verified_at)
    VALUES (%s, %s, %s, %s, %s, %s, CASE WHEN %s THEN NULL ELSE statement_timestamp() END)
    ON CONFLICT (person_id, channel, kind, value) DO UPDATE
       SET label = CASE WHEN excluded.label = '' THEN endpoint.label ELSE excluded.label END,
           secret = CASE WHEN endpoint.secret = '' THEN excluded.secret ELSE endpoint.secret END,
           registered_at = excluded.registered_at, last_seen_at = excluded.last_seen_at,
           verified_at = CASE WHEN endpoint.retired_at IS NULL AND endpoint.verified_at IS NOT NULL
                              THEN endpoint.verified_at ELSE excluded.verified_at END,
           failures = 0, rests_until = NULL, retired_at = NULL, retired_because = ''
    RETURNING id"""
#: Parameters: why, channel, since when they were not seen, how many.
RETIRE_STALE = """
    UPDATE engagement_endpoint SET retired_at = statement_timestamp(), retired_because = %s
     WHERE id = ANY(ARRAY(SELECT id FROM engagement_endpoint
                           WHERE channel = %s AND retired_at IS NULL AND last_seen_at < %s
                           ORDER BY last_seen_at LIMIT %s FOR UPDATE SKIP LOCKED))"""
