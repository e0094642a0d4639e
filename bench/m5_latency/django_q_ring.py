"""A program: stock django-q2; enqueue a task that leaves a row."""

import time

import django

django.setup()

from django.db import transaction  # noqa: E402
from django_q.brokers import get_broker  # noqa: E402
from django_q.conf import Conf  # noqa: E402
from django_q.tasks import async_task  # noqa: E402

from bench.m5_latency import probe  # noqa: E402

TASK = "bench.m5_latency.django_q_task.leave_row"
broker = get_broker()


def ring(number: int) -> float:
    """Enqueue: in the transaction where the broker is a table, after it where it is not."""
    moments: list[float] = []
    with transaction.atomic():
        transaction.on_commit(lambda: moments.append(time.perf_counter()))
        if Conf.ORM:
            async_task(TASK, number, broker=broker)
        else:
            transaction.on_commit(lambda: async_task(TASK, number, broker=broker))
    return moments[0]


if __name__ == "__main__":
    probe.main(ring)
