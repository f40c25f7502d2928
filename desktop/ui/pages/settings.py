"""Settings of the installation. A new subject is a new section in `sections`."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

from desktop.ui.desk import Desk
from desktop.ui.widgets.backup_section import BackupSection
from desktop.ui.widgets.door_card import DoorCard
from desktop.ui.widgets.key_section import KeySection
from desktop.ui.widgets.pill import transparent
from desktop.ui.widgets.token_section import TokenSection
from engine.api.room import Api


class SettingsPage(QWidget):
    """Scrolls its sections. Each has `attach(api)` and translates itself."""

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self.setObjectName("page")
        self.key, self.backup = KeySection(desk), BackupSection(desk)
        self.door = DoorCard(desk)
        self.tokens = TokenSection(desk)
        self.sections = (self.key, self.backup, self.door, self.tokens)
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
        pair = QHBoxLayout()
        pair.setSpacing(px(16))
        pair.addWidget(self.key, 1)
        pair.addWidget(self.backup, 1)
        column.addLayout(pair)
        column.addWidget(self.door)
        column.addWidget(self.tokens, 1)
        area = QScrollArea()
        area.setWidget(inside)
        area.setWidgetResizable(True)
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(area)
