"""The same tables with stock django-q2: what is particular to a baseline comes in BENCH_Q_CLUSTER, as JSON."""

import json
import os

from bench.settings import *  # noqa: F403

Q_CLUSTER = {
    "name": "bench",
    "workers": 2,
    "timeout": 60,
    "retry": 180,
    "max_attempts": 1,
    "ack_failures": True,
    "save_limit": -1,
    "catch_up": False,
} | json.loads(os.environ["BENCH_Q_CLUSTER"])
