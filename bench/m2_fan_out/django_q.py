"""A django-q2 task for each person, on its ORM broker, tuned."""

import json
from collections.abc import Iterator
from contextlib import contextmanager

from bench import database
from bench.processes import answer, manage, python, running

#: Successes are not saved (with its default, 250, it does 146 tasks/s); tasks are fetched by 50, and wait in
#: memory; workers are not recycled. Connections persist, as for everybody.
TUNED = {"orm": "default", "poll": 0.05, "save_limit": -1, "bulk": 50, "queue_limit": 100, "recycle": 0}
ENVIRONMENT = {"DJANGO_SETTINGS_MODULE": "bench.settings_django_q", "BENCH_Q_CLUSTER": json.dumps(TUNED)}


@contextmanager
def workers() -> Iterator[None]:
    """Run `manage.py qcluster`, warmed up."""
    database.clear()
    with running(manage("qcluster"), **ENVIRONMENT):
        fan_out(100)
        yield


def fan_out(people: int) -> float:
    """Tell the first so many people; return the seconds from before the first task to the last inbox row."""
    return float(answer(python("bench.m2_fan_out.django_q_enqueue", people), **ENVIRONMENT))
