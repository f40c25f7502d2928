"""Settings of the installation, one section below the other. A new subject is a new section in `sections`."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QScrollArea, QVBoxLayout, QWidget

from desktop.ui.desk import Desk
from desktop.ui.widgets.door_card import DoorCard
from desktop.ui.widgets.pill import transparent
from desktop.ui.widgets.token_section import TokenSection
from engine.api.room import Api


class SettingsPage(QWidget):
    """Scrolls its sections. Each has `attach(api)` and translates itself."""

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self.setObjectName("page")
        self.tokens = TokenSection(desk)
        self.door = DoorCard(desk)
        self.sections = (self.tokens, self.door)
        self._lay_out(desk)

    def attach(self, api: Api) -> None:
        """Show and change the settings of this engine."""
        for section in self.sections:
            section.attach(api)

    def _lay_out(self, desk: Desk) -> None:
        px = desk.theme.px
        inside = transparent(QWidget())
        column = QVBoxLayout(inside)
        column.setContentsMargins(px(28), 0, px(28), px(24))
        column.setSpacing(px(16))
        for section in self.sections:
            column.addWidget(section)
        area = QScrollArea()
        area.setWidget(inside)
        area.setWidgetResizable(True)
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(area)
