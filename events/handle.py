"""Step 3: do one claimed piece of work, and record what came of it.

One of the two places with a broad except: here a failure becomes a row.
"""

import logging
import traceback

from django.db import OperationalError, transaction

from events.context import caused_by
from events.exceptions import Cancel, LeaseLost, NotYetKnown, RetryLater
from events.forget import forget_secrets, sensitive_values
from events.models import HandlerRun
from events.subscribe import handlers
from events.work import LeasedWork, State, performs, step_of

logger = logging.getLogger(__name__)

#: Serialization failure and deadlock: the database asks for another try, and a second one usually succeeds.
TRANSIENT = {"40001", "40P01"}
IMMEDIATE_RETRIES = 2


def attempt(work: LeasedWork) -> None:
    """Do the work and commit it together with its completion, or record the failure.

    Only what ends the process comes out: KeyboardInterrupt (uncounted), and django-q2's time-out, after it
    was recorded as a failure.
    """
    try:
        _do(work, IMMEDIATE_RETRIES)
    except LeaseLost as lost:
        logger.warning("%s Whoever holds it now will do it.", lost)
    except Cancel as cancel:
        reason = masked(cancel.reason, work)
        work.cancel(reason)
        logger.info("Cancelled %s: %s", work, reason)
    except RetryLater as later:
        reason = masked(later.reason, work)
        work.postpone(later.seconds, reason)
        level = logging.WARNING if isinstance(later, NotYetKnown) else logging.INFO
        logger.log(level, "Postponed %s by %s s. %s", work, later.seconds, reason)
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        _record(work, error)
        if (
            type(error).__name__ == "TimeoutException"
        ):  # django-q2's, a SystemExit; its worker wants to see it
            raise


def _do(work: LeasedWork, retries: int) -> None:
    try:
        with transaction.atomic():
            work.complete()
            step_of(type(work))(work)
            forget_secrets(work)
    except OperationalError as error:
        if not retries or getattr(error.__cause__, "sqlstate", None) not in TRANSIENT:
            raise
        _do(work, retries - 1)


def _record(work: LeasedWork, error: BaseException) -> None:
    text = describe(error, work)
    state = work.fail(text)
    level = logging.ERROR if state == State.DEAD else logging.WARNING
    logger.log(level, "Failed %s (%s): %s", work, state or "lease lost", text.splitlines()[0])


def describe(error: BaseException, work: LeasedWork) -> str:
    """Return the error in a line and its traceback, with the event's sensitive values masked."""
    text = f"{type(error).__name__}: {error}\n\n" + "".join(traceback.format_exception(error)[-12:])
    return masked(text, work)


def masked(text: str, work: LeasedWork) -> str:
    """Return a text, for the table of work and the log, with the event's sensitive values masked."""
    for value in sensitive_values(work):
        text = text.replace(value, "***")
    return text


@performs(HandlerRun)
def handle(run: HandlerRun) -> None:
    """Call the handler of a run with the event; what it publishes is caused by that event."""
    handler = handlers[run.handler]
    payload = run.event.read()
    with caused_by(payload.envelope):
        handler(payload)
