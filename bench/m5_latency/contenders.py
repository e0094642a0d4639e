"""Who is measured in M5: each is a worker program and a program that rings."""

import json
from dataclasses import dataclass, field

from bench import database
from bench.environments import NotInstalled, environment
from bench.processes import manage, python
from bench.redis_server import NOT_INSTALLED

CARILLON = "Carillon"
STOCK = "django-q2, ORM broker, poll 0.2"


@dataclass(frozen=True, slots=True)
class Contender:
    """Two workers, and who gives them work; or the reason why there are none."""

    name: str
    worker: list[object] = field(default_factory=list)
    ring: list[object] = field(default_factory=list)
    environment: dict[str, str] = field(default_factory=dict)
    unavailable: str = ""


def contenders(redis: str | None) -> list[Contender]:
    """Return all of them, Carillon first."""
    return [
        Contender(
            CARILLON, manage("worker", "--lane", "events"), python("bench.m5_latency.carillon_ring"), _dsn()
        ),
        _django_q(STOCK, orm="default", poll=0.2),
        _django_q("django-q2, ORM broker, poll 0.05", orm="default", poll=0.05),
        _with_redis("django-q2, Redis broker", redis) or _django_q("django-q2, Redis broker", redis=redis),
        _with_redis("Celery, Redis", redis) or _celery("Celery, Redis", str(redis)),
        _procrastinate("procrastinate"),
    ]


def _dsn() -> dict[str, str]:
    return {"BENCH_DSN": database.dsn()}


def _django_q(name: str, **cluster: object) -> Contender:
    settings = {"DJANGO_SETTINGS_MODULE": "bench.settings_django_q", "BENCH_Q_CLUSTER": json.dumps(cluster)}
    return Contender(name, manage("qcluster"), python("bench.m5_latency.django_q_ring"), _dsn() | settings)


def _with_redis(name: str, redis: str | None) -> Contender | None:
    return Contender(name, unavailable=NOT_INSTALLED) if redis is None else None


def _celery(name: str, redis: str) -> Contender:
    options = ["--pool", "prefork", "--concurrency", 2, "--loglevel", "WARNING"]
    options += ["--without-gossip", "--without-mingle", "--without-heartbeat"]
    worker = ["-m", "celery", "--app", "bench.m5_latency.celery_app", "worker", *options]
    return _elsewhere(name, "celery", worker, "bench.m5_latency.celery_ring", BENCH_REDIS=redis)


def _procrastinate(name: str) -> Contender:
    worker: list[object] = ["-m", "bench.m5_latency.procrastinate_worker"]
    return _elsewhere(name, "procrastinate", worker, "bench.m5_latency.procrastinate_ring")


def _elsewhere(name: str, packages: str, worker: list[object], ring: str, **variables: str) -> Contender:
    """Return a contender in an environment of its own."""
    try:
        interpreter = environment(packages) / "python"
    except NotInstalled as error:
        return Contender(name, unavailable=str(error))
    return Contender(name, [interpreter, *worker], [interpreter, "-m", ring], _dsn() | variables)
