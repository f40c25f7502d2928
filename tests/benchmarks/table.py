"""One row per measurement, one table for all benchmarks."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Reach:
    """A figure of ours and the bound that it has to stay below; with `at_least`, that it has to come up to."""

    what: str
    """Which figure: p50, p99, … or nothing if the row has only one."""
    value: float
    bound: float
    unit: str
    at_least: bool = False

    @property
    def ok(self) -> bool:
        """Whether the bound is kept."""
        return self.value >= self.bound if self.at_least else self.value < self.bound

    def __str__(self) -> str:
        return f"{self.what} {'≥' if self.at_least else '<'} {self.bound:,g} {self.unit}".strip()


@dataclass(frozen=True)
class Row:
    """One measurement against its peer (or the hardware limit), taken in the same run."""

    area: str
    """What was measured, with its unit."""
    peer: str
    """Who we compare with, and that one's figure; empty where only an absolute bound makes sense."""
    measured: str
    """Our figure."""
    ratio: float | None
    """Ours divided by the peer's; None where there is nothing to divide."""
    limit: float | None
    """The ratio not to exceed; None if the ratio only informs."""
    reach: tuple[Reach, ...] = ()
    """Absolute bounds; none of both kinds makes a row that only informs."""

    @property
    def ok(self) -> bool:
        """Whether all limits are kept; a row without one always does."""
        within = self.limit is None or (self.ratio is not None and self.ratio <= self.limit)
        return within and all(reach.ok for reach in self.reach)


_HEAD = ("area", "peer", "measured", "ratio", "limit", "")


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which `share` (0 to 1) of the values lie; they need not be sorted."""
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def render(rows: Iterable[Row]) -> str:
    """The rows as a Markdown table with aligned columns."""
    cells = [_HEAD, *(_cells(row) for row in rows)]
    widths = [max(len(line[column]) for line in cells) for column in range(len(_HEAD))]
    lines = [
        "| " + " | ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)) + " |" for line in cells
    ]
    rule = "|" + "|".join("-" * (width + 2) for width in widths) + "|"
    return "\n".join([lines[0], rule, *lines[1:]])


def _cells(row: Row) -> tuple[str, ...]:
    limits = [*([] if row.limit is None else [f"ratio ≤ {row.limit:g}"]), *map(str, row.reach)]
    verdict = "" if not limits else "ok" if row.ok else "MISSED"
    return (row.area, row.peer, row.measured, _number(row.ratio), ", ".join(limits), verdict)


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}"
