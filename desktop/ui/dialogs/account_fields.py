"""What every account has, whatever its platform: name, interval, tags."""

from PySide6.QtWidgets import QLineEdit, QSpinBox, QVBoxLayout, QWidget

from desktop.ui import words
from desktop.ui.language import tr
from desktop.ui.theme import Theme
from desktop.ui.widgets.form import FormRow
from engine.api.accounts import MAX_NAME
from worker.protocol.descriptor import MAX_INTERVAL

USUAL_INTERVAL = 30


class AccountFields(QWidget):
    """Keys as the engine's errors name them: `display_name`, `interval`, `tags`."""

    def __init__(self, theme: Theme, least_interval: int) -> None:
        super().__init__()
        self.name = QLineEdit()
        self.name.setMaxLength(MAX_NAME)
        self.interval = QSpinBox()
        self.interval.setRange(least_interval, MAX_INTERVAL)
        self.interval.setValue(max(USUAL_INTERVAL, least_interval))
        self.interval.lineEdit().setTextMargins(theme.px(11), 0, theme.px(11), 0)
        self.tags = QLineEdit()
        self.rows = {
            "display_name": FormRow(theme, self.name),
            "interval": FormRow(theme, self.interval),
            "tags": FormRow(theme, self.tags),
        }
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.px(14))
        for row in self.rows.values():
            column.addWidget(row)

    def retranslate(self) -> None:
        """Set all words."""
        self.rows["display_name"].name(tr("Name"), tr("How it is called in this window."), required=True)
        least = words.every(self.interval.minimum())
        self.interval.setSuffix(tr(" s"))
        self.rows["interval"].name(
            tr("Check every"), tr("Seconds between two checks, from {least} to 1 h.", least=least)
        )
        self.rows["tags"].name(tr("Tags"), tr("Separated by commas."))

    def tag_list(self) -> tuple[str, ...]:
        """The tags, without blanks."""
        parts = self.tags.text().replace("，", ",").split(",")
        return tuple(tag.strip() for tag in parts if tag.strip())

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
