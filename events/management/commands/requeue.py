"""manage.py requeue"""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from events import queue
from events.models import HandlerRun
from events.work import leased_models


class Command(BaseCommand):
    """Another chance for the dead."""

    help = "Make dead work pending again, with fresh attempts."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take what to choose by."""
        parser.add_argument("--handler", help="only runs of this handler; else all dead work of every kind")

    def handle(self, *args: Any, **options: Any) -> None:
        """Requeue and say how many."""
        for model in [HandlerRun] if options["handler"] else leased_models():
            dead = model._default_manager.all().dead()
            if options["handler"]:
                dead = dead.filter(handler=options["handler"])
            self.stdout.write(f"{model._meta.label}: {dead.requeue()} requeued")
            queue.wake_on_commit(model.lane)
