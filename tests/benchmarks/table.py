"""One row per measurement, one table for all benchmarks."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """One measurement against its peer (or the hardware limit), taken in the same run."""

    area: str
    """What was measured, with its unit."""
    peer: str
    """Who we compare with, and that one's figure."""
    measured: str
    """Our figure."""
    ratio: float | None
    """Ours divided by the peer's; None where there is nothing to divide."""
    limit: float | None
    """The ratio not to exceed; None for a row that only informs."""

    @property
    def ok(self) -> bool:
        """Whether the limit is kept; a row without a limit always does."""
        return self.limit is None or (self.ratio is not None and self.ratio <= self.limit)


_HEAD = ("area", "peer", "measured", "ratio", "limit", "")


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
    verdict = "" if row.limit is None else "ok" if row.ok else "MISSED"
    return (row.area, row.peer, row.measured, _number(row.ratio), _number(row.limit), verdict)


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}"
