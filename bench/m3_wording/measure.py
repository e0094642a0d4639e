"""M3: from one event to many inboxes and mails to be sent, each in the reader's language and by their name."""

from collections.abc import Iterator
from contextlib import contextmanager

from bench import database
from bench.app.events import Addressed
from bench.m2_fan_out import WARMING, carillon, sameness
from bench.m3_wording import bulk
from bench.progress import repetitions
from bench.report import Line, at_least, compared, per_second
from events.sql import execute

TITLE = "fan-out with personal wording in two languages, to inbox and email, by two workers"
FULL, QUICK = (5, 10_000), (1, 2_000)
#: Mails are planned and written; nobody sends them.
MAIL = {"DJANGO_SETTINGS_MODULE": "bench.settings_channels"}
#: Every second person reads German.
LANGUAGES = """
    INSERT INTO engagement_notificationsettings (person_id, language, time_zone)
    SELECT id, 'de', '' FROM people_person WHERE id %% 2 = 0"""


def measure(*, quick: bool) -> list[Line]:
    """Return the line of M3."""
    count, people = QUICK if quick else FULL
    ours, theirs = [], []
    with languages(), carillon.workers(Addressed, **MAIL) as (_workers, fan_out):
        for _ in repetitions("personal fan-out", count):
            database.clear()
            fan_out(WARMING)
            ours.append(people / fan_out(people))
            written = sameness.fingerprint()
            database.clear()
            bulk.fan_out(WARMING)
            theirs.append(people / bulk.fan_out(people))
            assert sameness.fingerprint() == written, "Carillon and the baseline did not write the same rows."
    what = f"people, {people:,} at once, by name, two languages, app + email"
    return [compared(what, ours, "bulk_create, str.format", theirs, show=per_second, goal=at_least(0.5))]


@contextmanager
def languages() -> Iterator[None]:
    """Have people read two languages for a while."""
    execute(LANGUAGES)
    try:
        yield
    finally:
        execute("TRUNCATE engagement_notificationsettings")
