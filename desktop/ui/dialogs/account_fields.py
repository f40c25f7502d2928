"""What every account has, whatever its platform: name, interval, tags, and by whom it may be watched."""

from collections.abc import Iterable, Mapping

from PySide6.QtWidgets import QComboBox, QLineEdit, QSpinBox, QVBoxLayout, QWidget

from desktop.ui import words
from desktop.ui.language import tr
from desktop.ui.theme import Theme
from desktop.ui.widgets.form import FormRow
from engine.api.accounts import MAX_NAME, PIN_TO_TAG
from engine.api.workers import WorkerSnapshot
from worker.protocol.descriptor import MAX_INTERVAL

USUAL_INTERVAL = 30


class AccountFields(QWidget):
    """Keys as the engine's errors name them: `display_name`, `interval`, `tags`, `pinned_to`.

    `workers` are those that an account may be pinned to; `pin` is what it is pinned to now.
    """

    def __init__(self, theme: Theme, least_interval: int, workers: Iterable[WorkerSnapshot], pin: str = "") -> None:
        super().__init__()
        self._workers = {worker.id: worker for worker in workers if worker.state != "revoked"}
        self.name = QLineEdit()
        self.name.setMaxLength(MAX_NAME)
        self.interval = QSpinBox()
        self.interval.setRange(least_interval, MAX_INTERVAL)
        self.interval.setValue(max(USUAL_INTERVAL, least_interval))
        self.interval.lineEdit().setTextMargins(theme.px(11), 0, theme.px(11), 0)
        self.tags = QLineEdit()
        self.pin = QComboBox()
        for one in self._pins(pin):
            self.pin.addItem("", one)
        self.pin.setCurrentIndex(self.pin.findData(pin))
        self.rows = {
            "display_name": FormRow(theme, self.name),
            "interval": FormRow(theme, self.interval),
            "tags": FormRow(theme, self.tags),
            "pinned_to": FormRow(theme, self.pin),
        }
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.px(14))
        for row in self.rows.values():
            column.addWidget(row)

    def retranslate(self) -> None:
        """Set all words."""
        self.rows["display_name"].name(tr("Name"), tr("What it is called in this window."), required=True)
        least = words.every(self.interval.minimum())
        self.interval.setSuffix(tr(" s"))
        self.rows["interval"].name(
            tr("Check every"), tr("Seconds between two checks, from {least} to 1 h.", least=least)
        )
        self.rows["tags"].name(tr("Tags"), tr("Separated by commas."))
        self.rows["pinned_to"].name(
            tr("Pinned to"),
            tr("Only there it is watched. Otherwise Vedette chooses, and moves it when a worker fails."),
        )
        for number in range(self.pin.count()):
            self.pin.setItemText(number, pin_name(self.pin.itemData(number), self._workers))

    def tag_list(self) -> tuple[str, ...]:
        """The tags, without blanks."""
        return tags_in(self.tags.text())

    def pinned_to(self) -> str:
        """As `AccountChanges` wants it: an empty text for no pin."""
        return str(self.pin.currentData())

    def complaints(self) -> dict[str, str]:
        """What is wrong, by key."""
        return {} if self.name.text().strip() else {"display_name": tr("Give it a name.")}

    def show_errors(self, errors: dict[str, str]) -> dict[str, str]:
        """Show each under its field; returns those whose field is not here."""
        for key, row in self.rows.items():
            row.show_error(errors.get(key, ""))
        first = next((row for key, row in self.rows.items() if key in errors), None)
        if first is not None:
            first.control.setFocus()
        return {key: text for key, text in errors.items() if key not in self.rows}

    def _pins(self, pin: str) -> list[str]:
        """Nobody, the workers by name, the tags that they carry; and what it is pinned to, even if that is gone."""
        by_name = sorted(self._workers.values(), key=lambda worker: worker.name.lower())
        tags = sorted({PIN_TO_TAG + tag for worker in by_name for tag in worker.tags})
        return list(dict.fromkeys(["", *(worker.id for worker in by_name), *tags, pin]))


def tags_in(text: str) -> tuple[str, ...]:
    """Tags separated by commas, also Chinese ones; without blanks around them."""
    return tuple(tag.strip() for tag in text.replace("，", ",").split(",") if tag.strip())


def pin_name(pin: str, workers: Mapping[str, WorkerSnapshot]) -> str:
    """What an account is pinned to, in words."""
    if not pin:
        return tr("any worker")
    if pin.startswith(PIN_TO_TAG):
        return tr("any worker with the tag “{tag}”", tag=pin.removeprefix(PIN_TO_TAG))
    return workers[pin].name if pin in workers else tr("removed worker")
