"""Several things at the same time, each in a thread and on a connection of its own."""

from collections.abc import Callable
from threading import Barrier, Thread

from django.db import connection


def side_by_side(*acts: Callable[[], object]) -> list[object]:
    """Do these at the same time; return what each has returned or raised."""
    results: list[object] = [None] * len(acts)
    together = Barrier(len(acts))

    def do(number: int, act: Callable[[], object]) -> None:
        try:
            together.wait()
            results[number] = act()
        except Exception as error:  # noqa: BLE001 - looked at by the test
            results[number] = error
        finally:
            connection.close()

    threads = [Thread(target=do, args=each) for each in enumerate(acts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results
