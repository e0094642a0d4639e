"""Why there was no answer."""

from engagement.outgoing import DeliveryError


class HttpError(DeliveryError):
    """There was no answer."""


class RefusedAddress(HttpError):
    """We do not go there, so nothing was sent."""

    def __init__(self, why: str, *, permanent: bool = True) -> None:
        super().__init__(why, code="refused address", permanent=permanent)


class TimedOut(HttpError):
    """The time was up before there was an answer."""

    def __init__(self, what: str) -> None:
        super().__init__(what, code="timeout")


class NoConnection(HttpError):
    """Nobody was there, or they hung up, or could not be trusted, or spoke something else than HTTP."""

    def __init__(self, what: str) -> None:
        super().__init__(what, code="connection")
