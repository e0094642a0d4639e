"""A program: Celery on Redis; call the task, as one would on commit."""

import time

from bench.m5_latency import probe
from bench.m5_latency.celery_app import leave_row


def ring(number: int) -> float:
    """Send the message."""
    started = time.perf_counter()
    leave_row.delay(number)
    return started


if __name__ == "__main__":
    probe.main(ring)
