"""Publishing from async views, under a real ASGI server."""

import urllib.request

import pytest

from events.drain import drain
from events.models import EventLog
from tests.browser import Web
from tests.probe.models import Call

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.cluster]


def test_apublish_works_from_an_async_view_and_publish_says_to_use_it() -> None:
    with Web() as web:
        with urllib.request.urlopen(f"{web.url}/probe/apublish/") as response:
            pk = int(response.read())
        with urllib.request.urlopen(f"{web.url}/probe/publish/") as response:
            complaint = response.read().decode()
    assert "await event_bus.apublish" in complaint
    assert EventLog.objects.get().pk == pk
    assert drain() == 1
    assert Call.objects.get().note == "from an async view"


def test_a_hundred_requests_at_once_share_a_few_connections() -> None:
    """Each request runs in a thread of its own; without a pool each would leave a connection behind."""
    from concurrent.futures import ThreadPoolExecutor

    from events.sql import fetch

    with Web() as web:

        def ask(_: int) -> int:
            with urllib.request.urlopen(f"{web.url}/probe/apublish/", timeout=30) as response:
                return int(response.status)

        with ThreadPoolExecutor(30) as crowd:
            assert list(crowd.map(ask, range(100))) == [200] * 100
        sql = "SELECT count(*) FROM pg_stat_activity WHERE application_name = %s"
        ((connections,),) = fetch(sql, [web.name])
    assert connections <= 10
    assert EventLog.objects.count() == 100
