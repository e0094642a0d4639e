"""enqueue_task: call any function durably, as the only handler of an event made for it."""

import inspect
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from django.utils.module_loading import import_string
from django.utils.translation import gettext_lazy as _

from events.exceptions import Cancel
from events.models import EventLog
from events.payload import Payload
from events.publish import publish
from events.registry import event_type
from events.subscribe import finish, handler


@event_type("task.enqueued", _("Background task"), category="system", retention=timedelta(hours=72))
class TaskEnqueued(Payload):
    """A function was asked to be called in the background."""

    function: str
    arguments: dict[str, Any]
    #: The event type on whose behalf, for those who look at the log.
    event_type: str = ""


def enqueue_task(function: str, arguments: Mapping[str, Any] | None = None, event_type: str = "") -> EventLog:
    """Have `function`, a dotted path, called with these keyword arguments by a worker, after commit.

    It is durable like a handler: logged in the caller's transaction, retried, shown to operators. The
    arguments must be JSON. `event_type` says on whose behalf, for those who look at the log. Raises ImportError or
    TypeError, before anything is written, if there is no such function, or it does not take these arguments.
    """
    _check_arguments(function, arguments or {})
    return publish(
        TaskEnqueued(function=function, arguments=dict(arguments or {}), event_type=str(event_type))
    )


def _function(path: str) -> Callable[..., Any]:
    found = import_string(path)
    if not callable(found):
        raise TypeError(f"{path} is a {type(found).__name__}, not something to call.")
    return found  # type: ignore[no-any-return]


def _check_arguments(path: str, arguments: Mapping[str, Any]) -> None:
    """Raise TypeError for a call that could only fail. Some functions written in C do not say what they take."""
    function = _function(path)
    try:
        signature = inspect.signature(function)
    except ValueError:
        return
    try:
        signature.bind(**arguments)
    except TypeError as error:
        raise TypeError(f"{path} cannot be called like this: {error}.") from None


@handler(TaskEnqueued, name="events.call_task", replay=False)
def call_task(task: TaskEnqueued) -> None:
    """Call the function that was asked for."""
    try:
        function = _function(task.function)
    except (ImportError, TypeError) as error:
        raise Cancel(f"{task.function} cannot be called any more: {error}") from error
    finish(function(**task.arguments), task.function)
