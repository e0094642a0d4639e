"""procrastinate, in an environment of its own: the application and its task."""

import os

import psycopg
from procrastinate import App, PsycopgConnector

app = App(connector=PsycopgConnector(conninfo=os.environ["BENCH_DSN"]))
_kept: list[psycopg.AsyncConnection] = []


async def _connection() -> psycopg.AsyncConnection:
    """Return the connection that this process keeps."""
    if not _kept:
        _kept.append(await psycopg.AsyncConnection.connect(os.environ["BENCH_DSN"], autocommit=True))
    return _kept[0]


@app.task(name="leave_row")
async def leave_row(number: int) -> None:
    """Leave a row."""
    connection = await _connection()
    await connection.execute("INSERT INTO bench_row (number) VALUES (%s)", [number])
