"""python -m bench [M1 M2 ...] [--quick]: measure, print the table, leave nothing behind."""

import argparse
import fcntl
import importlib
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType, ModuleType

import django

os.environ["DJANGO_SETTINGS_MODULE"] = "bench.settings"
django.setup()

from django.conf import settings  # noqa: E402
from django.db import connection  # noqa: E402

from bench import database, machine, report  # noqa: E402


def main() -> None:
    """Run what was asked for; a goal that was missed is no error."""
    known = _measurements()
    parser = argparse.ArgumentParser(prog="python -m bench", description="Measure, next to the baselines.")
    parser.add_argument("measurements", nargs="*", metavar="M", help=f"of {', '.join(known)}; default: all")
    parser.add_argument("--quick", action="store_true", help="a small form, to see whether the bench works")
    arguments = parser.parse_args()
    chosen = [name.upper() for name in arguments.measurements] or list(known)
    if unknown := set(chosen) - known.keys():
        parser.error(f"there is no {', '.join(sorted(unknown))}; there are {', '.join(known)}")
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _on_signal)
    with _only_one(Path(settings.BENCH_DIR)):
        run({name: importlib.import_module(known[name]) for name in chosen}, quick=arguments.quick)


def run(chosen: dict[str, ModuleType], *, quick: bool) -> None:
    """Measure, and print the table; when something goes wrong, of what has been measured until then."""
    found: list[tuple[str, report.Line]] = []
    with database.created(connection.settings_dict["NAME"]):
        database.fill(people=10_000 if quick else 100_000)
        print(f"{machine.description()}{'; quick: the figures mean little' if quick else ''}\n", flush=True)
        try:
            for name, module in chosen.items():
                print(f"{name}: {module.TITLE}", file=sys.stderr, flush=True)
                found += [(name, line) for line in module.measure(quick=quick)]
        finally:
            print(report.table(found), flush=True)


def _measurements() -> dict[str, str]:
    """Return the module of each folder m<number>_<what>, by its name, in their order: M1, M2 ..."""
    folders = (each.parent.name for each in Path(__file__).parent.glob("m[0-9]*_*/measure.py"))
    ordered = sorted(folders, key=lambda name: int(name[1:].partition("_")[0]))
    return {name.partition("_")[0].upper(): f"bench.{name}.measure" for name in ordered}


@contextmanager
def _only_one(folder: Path) -> Iterator[None]:
    """Refuse to run beside another bench: each would falsify the other, and they share a database."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            sys.exit("Another bench is running.")
        yield


def _on_signal(number: int, frame: FrameType | None) -> None:
    """End, and let nobody disturb the clearing up."""
    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, signal.SIG_IGN)
    raise KeyboardInterrupt


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
