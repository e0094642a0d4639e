"""Step 3: do one claimed piece of work, and record what came of it.

The except is broad: here a failure becomes a row, as in engagement's deliver.py for messages.
"""

import logging
import traceback

from django.core.exceptions import ObjectDoesNotExist
from django.db import OperationalError, connection, transaction
from psycopg.pq import TransactionStatus

from events.context import caused_by
from events.exceptions import (
    BrokenTransaction,
    Cancel,
    GiveUp,
    LeaseLost,
    NotYetKnown,
    RetryLater,
    Unreachable,
    text_of,
)
from events.forget import forget_secrets, sensitive_values
from events.models import HandlerRun
from events.sql import LOST_DATABASE, drop_broken_off
from events.subscribe import handlers
from events.work import LeasedWork, State, performs, step_of

logger = logging.getLogger(__name__)

#: Serialization failure and deadlock: the database asks for another try, and a second one usually succeeds.
TRANSIENT = {"40001", "40P01"}
IMMEDIATE_RETRIES = 2
#: In which states of the connection a commit would do nothing.
BROKEN = {
    TransactionStatus.INERROR: "it caught a database error",
    TransactionStatus.IDLE: "it ended it itself",
}


def attempt(work: LeasedWork) -> bool:
    """Do the work and commit it together with its completion, or record the failure.

    External work is done outside of a transaction, and has recorded its success when it returns. Only what ends the
    process comes out: KeyboardInterrupt (uncounted), and django-q2's time-out, after it was recorded as a failure.
    Return whether there is any use in going on with others of its kind.
    """
    try:
        _do(work, IMMEDIATE_RETRIES)
    except LeaseLost as lost:
        logger.warning("%s Whoever holds it now will do it.", lost)
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        _record_surely(work, error)
        if _is_timeout(error):
            raise
        return not isinstance(error, Unreachable)
    return True


def _is_timeout(error: BaseException) -> bool:
    """Tell whether it is django-q2's, a SystemExit; its worker wants to see it."""
    return type(error).__name__ == "TimeoutException"


def _do(work: LeasedWork, retries: int) -> None:
    if work.external:
        step_of(type(work))(work)
        return
    try:
        with transaction.atomic():
            work.complete()
            _check_parent(work)
            step_of(type(work))(work)
            _check_transaction()
            forget_secrets(work)
    except OperationalError as error:
        if not retries or getattr(error.__cause__, "sqlstate", None) not in TRANSIENT:
            raise
        _do(work, retries - 1)


def _check_parent(work: LeasedWork) -> None:
    """Cancel what has lost the object that it belongs to: no constraint need keep that, as in partitions."""
    try:
        getattr(work, work.parent)
    except ObjectDoesNotExist:
        raise Cancel(f"The {work.parent} is gone.") from None


def _check_transaction() -> None:
    """Raise if it cannot be committed: PostgreSQL would answer COMMIT with a rollback, and Django says nothing."""
    if connection.closed_in_transaction:
        raise BrokenTransaction("it closed the connection")
    if connection.needs_rollback:
        raise BrokenTransaction("it asked for a rollback, or caught an error inside atomic()")
    status = connection.connection.info.transaction_status
    if how := BROKEN.get(status):
        raise BrokenTransaction(how)


def _record_surely(work: LeasedWork, error: BaseException) -> None:
    """Record what came of it; if that fails, then that, or it would come back first in line with each claim."""
    drop_broken_off()
    try:
        _record(work, error)
    except (*LOST_DATABASE, KeyboardInterrupt):
        raise
    except BaseException as unrecorded:
        if _is_timeout(unrecorded):
            raise
        why = f"{type(error).__name__} could not be recorded: {type(unrecorded).__name__}"
        work.fail("\n\n".join([why, *traceback.format_tb(unrecorded.__traceback__)]))
        logger.error("Failed %s: %s", work, why)


def _record(work: LeasedWork, error: BaseException) -> None:
    """Record what a handler asked for by what it raised, or a failure."""
    if isinstance(error, Cancel):
        reason = masked(error.reason, work)
        work.cancel(reason)
        logger.info("Cancelled %s: %s", work, reason)
    elif isinstance(error, RetryLater):
        _record_postponement(work, error)
    elif isinstance(error, GiveUp):
        reason = masked(error.reason, work)
        work.give_up(reason)
        logger.error("Gave up %s: %s", work, _for_the_log(reason, work))
    else:
        _record_failure(work, error)


def _record_postponement(work: LeasedWork, error: RetryLater) -> None:
    reason = masked(error.reason, work)
    work.postpone(error.seconds, reason)
    if isinstance(error, NotYetKnown):
        logger.warning("Postponed %s by %s s. %s", work, error.seconds, reason)
    else:
        logger.info("Postponed %s by %s s: %s", work, error.seconds, _for_the_log(reason, work))


def _record_failure(work: LeasedWork, error: BaseException) -> None:
    text = describe(error, work)
    state = work.fail(text)
    level = logging.ERROR if state == State.DEAD else logging.WARNING
    kind, _colon, said = text.splitlines()[0].partition(": ")
    logger.log(level, "Failed %s (%s): %s: %s", work, state or "lease lost", kind, _for_the_log(said, work))


def _for_the_log(text: str, work: LeasedWork) -> str:
    """Return why it was not done; of a call to somebody else where to look, for what they answer repeats addresses."""
    return "see its attempts and its last error." if work.external else text


def describe(error: BaseException, work: LeasedWork) -> str:
    """Return the error in a line and its traceback, with the event's sensitive values masked."""
    text = f"{type(error).__name__}: {text_of(error)}\n\n" + "".join(traceback.format_exception(error)[-12:])
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
