"""A program: Carillon; ring, and wait for the row, and for the browser's stream. Prints pairs of milliseconds."""

import json
import os
import random
import socket
import sys
import time

import django

django.setup()

import psycopg  # noqa: E402

from bench.m5_latency.carillon_ring import ring  # noqa: E402
from bench.m5_latency.probe import GAP, LONGEST, WARMING  # noqa: E402
from bench.web import request_of  # noqa: E402

#: carillon_ring rings at a hundred doors in turn; the stream is of the first.
EVERY = 100


def main(port: int, events: int) -> None:
    """Print [commit to row, commit to stream] of so many rings."""
    with (
        psycopg.connect(os.environ["BENCH_DSN"], autocommit=True) as connection,
        socket.create_connection(("127.0.0.1", port), timeout=LONGEST) as opened,
    ):
        connection.execute("LISTEN bench_row")
        opened.sendall(request_of(1))
        stream = opened.makefile("rb")
        _until(stream, b"event: state\n")
        found = [_one(connection, stream, number * EVERY) for number in range(WARMING + events)]
    print(json.dumps(found[WARMING:]))


def _one(connection: psycopg.Connection, stream: socket.SocketIO, number: int) -> tuple[float, float]:
    time.sleep(random.uniform(*GAP))
    rung = ring(number)
    if not [*connection.notifies(timeout=LONGEST, stop_after=1)]:
        raise TimeoutError(f"No row within {LONGEST:.0f} s.")
    row = time.perf_counter()
    _until(stream, b"event: upsert\n")
    return (row - rung) * 1000, (time.perf_counter() - rung) * 1000


def _until(stream: socket.SocketIO, line: bytes) -> None:
    while stream.readline() != line:
        pass


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
