"""For tests of those who publish: do the work here and now, and fail if it fails."""

from events.drain import drain
from events.work import State, lanes, leased_models


def work_off() -> int:
    """Do all the due work in this thread, in a TestCase's transaction too; return how many pieces were attempted.

    Raises AssertionError with the first error: in production the work would be tried again.
    """
    before = _errors()
    attempted = sum(drain(lane, seconds=float("inf")) for lane in lanes())
    for work, error in _errors().items():
        if before.get(work) != error:
            raise AssertionError(f"{work} has failed: {error}")
    return attempted


def _errors() -> dict[str, str]:
    """Return the error of each piece of work that has failed; what was cancelled or skipped has its reason there."""
    return {
        f"{model._meta.label} {work.pk} ({work})": work.last_error
        for model in leased_models()
        for work in model._default_manager.exclude(last_error="").filter(
            state__in=[State.RETRYING, State.DEAD]
        )
    }
