"""Work on others rests in this process while nobody can be reached; nobody sleeps meanwhile."""

import time

#: Seconds of a rest, by how often in a row; not so long that the lane looks stuck.
RESTS = (0.1, 0.5, 1.0, 2.0, 4.0)

#: How often in a row each strand has rested, and until when, by the label of its model and its name.
_rests: dict[tuple[str, str], tuple[int, float]] = {}


def rest(model: str, strand: str, seconds: float = 0.0) -> None:
    """Let a strand rest, the longer the more turns in a row have ended like this."""
    often, _until = _rests.get((model, strand), (0, 0.0))
    pause = max(seconds, RESTS[min(often, len(RESTS) - 1)])
    _rests[model, strand] = often + 1, time.monotonic() + pause


def is_resting(model: str, strand: str) -> bool:
    """Tell whether nothing of it is to be done now."""
    return time.monotonic() < _rests.get((model, strand), (0, 0.0))[1]


def was_reached(model: str, strand: str) -> None:
    """Forget the rests of before: somebody answered."""
    _rests.pop((model, strand), None)


def forget() -> None:
    """Forget all."""
    _rests.clear()
