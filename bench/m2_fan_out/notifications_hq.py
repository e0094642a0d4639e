"""django-notifications-hq: notify.send() to the same number of people, in a database of its own."""

from collections.abc import Iterator
from contextlib import contextmanager

from bench import database
from bench.environments import NotInstalled, environment
from bench.processes import answer

DATABASE = "bench_notifications_hq"


@contextmanager
def prepared() -> Iterator[str]:
    """Have its packages and a database; give the reason why there are none, or an empty string."""
    try:
        environment("notifications_hq")
    except NotInstalled as error:
        yield str(error)
        return
    with database.created(DATABASE):
        yield ""


def fan_out(people: int) -> float:
    """Tell so many people; return the seconds it took."""
    interpreter = environment("notifications_hq") / "python"
    program = [interpreter, "-m", "bench.m2_fan_out.notifications_hq_program"]
    return float(answer([*program, database.dsn(DATABASE), people]))
