"""A section of the settings: a title with its button, and below it what there is to know."""

from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout, QWidget

from desktop.ui.theme import Theme
from desktop.ui.widgets.buttons import Button
from desktop.ui.widgets.labels import label


class SectionCard(QFrame):
    """`body` takes the widgets of the section, one below the other."""

    def __init__(self, theme: Theme, button: Button) -> None:
        super().__init__()
        self.setProperty("role", "card")
        self.title = label("heading")
        head = QHBoxLayout()
        head.setSpacing(theme.px(8))
        head.addWidget(self.title, 1)
        head.addWidget(button)
        self.body = QVBoxLayout()
        self.body.setSpacing(theme.px(8))
        column = QVBoxLayout(self)
        column.setContentsMargins(theme.px(17), theme.px(13), theme.px(13), theme.px(16))
        column.setSpacing(theme.px(8))
        column.addLayout(head)
        column.addLayout(self.body)
        column.addStretch()

    def add(self, *widgets: QWidget) -> None:
        """Put these below what there is, as wide as the text under the title."""
        for widget in widgets:
            self.body.addWidget(widget)
