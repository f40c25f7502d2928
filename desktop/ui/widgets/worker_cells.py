"""What the table of workers says and paints."""

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QRect

from desktop.ui import words
from desktop.ui.desk import Desk
from desktop.ui.language import tr
from desktop.ui.told import sentence
from desktop.ui.widgets.painting import Brush
from engine.api.workers import WorkerSnapshot

WIDTHS = {
    "worker": 212,
    "status": 118,
    "cpu": 122,
    "memory": 90,
    "accounts": 96,
    "heartbeat": 98,
    "lag": 76,
    "restarts": 76,
    "outbox": 70,
    "load": 122,
}
SPARE = ("outbox", "restarts", "lag", "load", "memory", "heartbeat", "cpu")
DOWN = ("offline", "failed", "revoked")
#: seconds without a heartbeat: as the configured interval is not known here, from the usual 10 s
LATE, LOST = 15.0, 30.0


class WorkerCells:
    """`text` for screen readers, `draw` for eyes."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def text(self, one: WorkerSnapshot, column: str) -> str:
        """What a cell says."""
        down = one.state in DOWN
        says: dict[str, Callable[[], str]] = {
            "worker": lambda: f"{one.name}, {self._host(one)}",
            "status": lambda: words.status_name(one.state),
            "cpu": lambda: words.UNKNOWN if one.cpu is None or down else f"{one.cpu:.0f}%",
            "memory": lambda: words.UNKNOWN if down else words.megabytes(one.memory),
            "accounts": lambda: f"{one.accounts:,} / {one.capacity:,}",
            "heartbeat": lambda: self._heartbeat(one),
            "lag": lambda: words.UNKNOWN if one.loop_lag is None or down else f"{one.loop_lag * 1000:.0f} ms",
            "restarts": lambda: f"{one.restarts:,}",
            "outbox": lambda: f"{one.outbox:,}",
            "load": lambda: "",
        }
        return says[column]()

    def draw(self, brush: Brush, area: QRect, one: Any, column: str) -> None:
        """Paint a cell."""
        match column:
            case "worker":
                self._draw_worker(brush, area, one)
            case "status":
                brush.pill(area, self.text(one, column), self._desk.theme.status_tone(one.state))
            case "cpu":
                self._draw_cpu(brush, area, one)
            case "accounts":
                self._draw_accounts(brush, area, one)
            case "heartbeat":
                brush.text(area, self.text(one, column), self._heartbeat_colour(one))
            case "load":
                history = self._desk.overview.loads.get(one.id)
                if history is not None and one.state not in DOWN:
                    colour = "warn" if one.state == "degraded" else "accent"
                    brush.sparkline(
                        area.adjusted(0, self._desk.theme.px(12), 0, -self._desk.theme.px(12)),
                        history.points,
                        colour,
                        10,
                    )
            case _:
                said = self.text(one, column)
                quiet = said in (words.UNKNOWN, "0") or column in ("lag", "memory")
                brush.text(area, said, "text_2" if quiet else "text")

    def _draw_worker(self, brush: Brush, area: QRect, one: WorkerSnapshot) -> None:
        px, theme = self._desk.theme.px, self._desk.theme
        wrong = one.state in ("offline", "failed")
        tile = QRect(area.x(), area.center().y() - px(17) + 1, px(34), px(34))
        brush.tile(tile, "hard-drives", "bad" if wrong else "text_2", "bad_soft" if wrong else "raised")
        names = area.adjusted(px(46), px(8), 0, -px(28))
        brush.text(names, one.name, "text", theme.font("body", 600))
        below = sentence(one.reason) if wrong and one.reason else self._host(one)
        brush.text(names.translated(0, px(19)), words.one_line(below), "muted", theme.font("small"))

    def _draw_cpu(self, brush: Brush, area: QRect, one: WorkerSnapshot) -> None:
        px = self._desk.theme.px
        said = self.text(one, "cpu")
        brush.text(area, said, "muted" if said == words.UNKNOWN else "text", self._desk.theme.font("body", 500))
        share = 0.0 if said == words.UNKNOWN or one.cpu is None else one.cpu / 100
        colour = "bad" if share > 0.9 else "warn" if share > 0.7 else "accent"
        brush.bar(area.adjusted(px(42), 0, 0, 0), share, colour)

    def _draw_accounts(self, brush: Brush, area: QRect, one: WorkerSnapshot) -> None:
        font = self._desk.theme.font("body", 600)
        used = brush.text(area, f"{one.accounts:,}", "text", font)
        brush.text(area.adjusted(used + self._desk.theme.px(4), 0, 0, 0), f"/ {one.capacity:,}", "muted")

    def _heartbeat_colour(self, one: WorkerSnapshot) -> str:
        age = self._desk.directory.heartbeat_age(one)
        if age is None or one.state == "revoked":
            return "muted"
        return "bad" if one.state in DOWN or age > LOST else "warn" if age > LATE else "text_2"

    def _heartbeat(self, one: WorkerSnapshot) -> str:
        age = self._desk.directory.heartbeat_age(one)
        return words.UNKNOWN if age is None else words.span(age)

    def _host(self, one: WorkerSnapshot) -> str:
        if one.kind == "local":
            return tr("this computer")
        return one.host
