"""manage.py requeue"""

from argparse import ArgumentParser
from difflib import get_close_matches
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from events import queue
from events.models import HandlerRun
from events.subscribe import handlers
from events.work import leased_models


class Command(BaseCommand):
    """Another chance for the dead."""

    help = "Make dead work pending again, with fresh attempts."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take what to choose by."""
        parser.add_argument("--handler", help="only runs of this handler; else all dead work of every kind")

    def handle(self, *args: Any, **options: Any) -> None:
        """Requeue and say how many."""
        if options["handler"]:
            _check_name(options["handler"])
        for model in [HandlerRun] if options["handler"] else leased_models():
            dead = model._default_manager.all().dead()
            if options["handler"]:
                dead = dead.filter(handler=options["handler"])
            self.stdout.write(f"{model._meta.label}: {dead.requeue()} requeued")
            queue.wake_on_commit(model.lane)


def _check_name(name: str) -> None:
    """Refuse a name that neither a handler nor a dead run has: it is mistyped. The code may be gone by now."""
    if handlers.find(name) or HandlerRun.objects.dead().filter(handler=name).exists():
        return
    near = get_close_matches(name, [handler.name for handler in handlers], n=3)
    hint = f" Did you mean {' or '.join(near)}?" if near else ""
    raise CommandError(f"There is no handler {name!r}, nor a dead run of that name.{hint}")
