"""What many latencies have in common."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median, quantiles
from typing import Self


@dataclass(frozen=True, slots=True)
class Latency:
    """In milliseconds."""

    p50: float
    p95: float
    p99: float

    @classmethod
    def of(cls, taken: Sequence[float]) -> Self:
        """Return the percentiles."""
        percentiles = quantiles(taken, n=100, method="inclusive")
        return cls(median(taken), percentiles[94], percentiles[98])

    @classmethod
    def usual(cls, found: "Sequence[Latency]") -> Self:
        """Return the medians over repetitions."""
        return cls(*(median(getattr(each, name) for each in found) for name in ("p50", "p95", "p99")))

    def __str__(self) -> str:
        return f"{self.p50:.1f} / {self.p95:.1f} / {self.p99:.1f} ms"
