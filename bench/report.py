"""The table: figure, baseline, ratio, goal, and whether it was reached."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median

HEADINGS = ("", "measured", "figure", "baseline", "its figure", "ratio", "goal", "reached")


@dataclass(frozen=True, slots=True)
class Goal:
    """What a figure, or a ratio, has to be."""

    text: str
    holds: Callable[[float], bool]


def at_least(limit: float, text: str = "") -> Goal:
    """Reached by this much or more."""
    return Goal(text or f"ratio >= {limit:g}", lambda value: value >= limit)


def at_most(limit: float, text: str) -> Goal:
    """Reached by this much or less."""
    return Goal(text, lambda value: value <= limit)


@dataclass(frozen=True, slots=True)
class Line:
    """One row of the table; `reached` is None where no goal was set."""

    measured: str
    figure: str
    baseline: str = ""
    baseline_figure: str = ""
    ratio: float | None = None
    goal: str = ""
    reached: bool | None = None

    def cells(self) -> list[str]:
        """Return the texts, in the order of HEADINGS[1:]."""
        ratio = "" if self.ratio is None else f"{self.ratio:.2f}" if self.ratio < 10 else f"{self.ratio:,.0f}"
        verdict = {None: "", True: "yes", False: "NO"}[self.reached]
        return [self.measured, self.figure, self.baseline, self.baseline_figure, ratio, self.goal, verdict]


def compared(
    measured: str,
    figures: Sequence[float],
    baseline: str,
    baseline_figures: Sequence[float],
    *,
    show: Callable[[float], str],
    goal: Goal | None = None,
) -> Line:
    """Return the line of a figure and its baseline, one of each for every repetition, in pairs.

    The machine's speed drifts, so the ratio is the median of the pairs' ratios.
    """
    ratio = median(mine / its for mine, its in zip(figures, baseline_figures, strict=True))
    return Line(
        measured,
        show(median(figures)),
        baseline,
        show(median(baseline_figures)),
        ratio,
        goal.text if goal else "",
        goal.holds(ratio) if goal else None,
    )


def alone(measured: str, value: float, *, show: Callable[[float], str], goal: Goal | None = None) -> Line:
    """Return the line of a figure that has no baseline."""
    return Line(
        measured,
        show(value),
        goal=goal.text if goal else "",
        reached=goal.holds(value) if goal else None,
    )


def skipped(measured: str, baseline: str, reason: str) -> Line:
    """Return the line of a baseline that could not be measured."""
    return Line(measured, "", baseline, f"skipped: {reason}")


def per_second(value: float) -> str:
    """Show a rate."""
    return f"{value:,.0f}/s"


def milliseconds(value: float) -> str:
    """Show a duration that is given in milliseconds."""
    return f"{value:.2f} ms" if value < 10 else f"{value:,.0f} ms"


def megabytes(value: float) -> str:
    """Show a size that is given in megabytes."""
    return f"{value:,.0f} MB"


def table(found: Sequence[tuple[str, Line]]) -> str:
    """Return a Markdown table of (measurement, line)s that can be read as it stands."""
    rows = [list(HEADINGS), *([name, *line.cells()] for name, line in found)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    rows.insert(1, ["-" * width for width in widths])
    return "\n".join(
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |"
        for row in rows
    )
