"""The row of filters over the feed: kinds, unread, account, search."""

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QAction, QKeySequence, QShortcut
from PySide6.QtWidgets import QButtonGroup, QComboBox, QHBoxLayout, QLineEdit, QWidget

from desktop.ui.desk import Translated
from desktop.ui.language import tr
from desktop.ui.models.directory import Directory
from desktop.ui.theme import Theme
from desktop.ui.widgets.buttons import Button
from engine.api.detections import MAX_QUERY
from engine.records import DetectionFilter
from worker.protocol.descriptor import Kind

TYPING_MS = 250  #: after the last key, so that a word is one question
CHIPS = ("all", "comment", "mention", "direct_message", "post", "unread")


class FeedFilters(Translated, QWidget):
    """Signals: changed() when `where` differs; read_all_asked()."""

    changed = Signal()
    read_all_asked = Signal()

    def __init__(self, theme: Theme, directory: Directory) -> None:
        super().__init__()
        self._directory = directory
        self.chips = {key: Button(theme, "chip") for key in CHIPS}
        self._group = QButtonGroup(self)
        self._group.setExclusive(True)
        for chip in self.chips.values():
            chip.setCheckable(True)
            self._group.addButton(chip)
        self.chips["all"].setChecked(True)
        self._group.buttonClicked.connect(lambda _chip: self.changed.emit())
        self.account = QComboBox()
        self.account.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.account.setMinimumContentsLength(14)
        self.account.setMaxVisibleItems(14)
        self.account.activated.connect(lambda _index: self.changed.emit())
        self.read_all = Button(theme, "quiet", "checks")
        self.read_all.clicked.connect(self.read_all_asked)
        self.search = QLineEdit()
        self._search_icon = self._prepare_search(theme)
        self._lay_out(theme)
        directory.accounts_changed.connect(self._fill_accounts)
        self.retranslate()

    @property
    def where(self) -> DetectionFilter:
        """What the chips, the account and the search ask for together."""
        chip = next(key for key, button in self.chips.items() if button.isChecked())
        kind: Kind | None = None if chip in ("all", "unread") else chip  # type: ignore[assignment]  # a chip's key
        return DetectionFilter(
            account_id=self.account.currentData() or None,
            kind=kind,
            unread=True if chip == "unread" else None,
            q=self.search.text().strip() or None,
        )

    def clear_search(self) -> None:
        """Take the search away, at once."""
        self.search.clear()
        self._typing.stop()
        self.changed.emit()

    def clear(self) -> None:
        """Show everything again."""
        self.chips["all"].setChecked(True)
        self.account.setCurrentIndex(0)
        self.clear_search()

    def retranslate(self) -> None:
        names = {
            "all": tr("All"),
            "comment": tr("Comments"),
            "mention": tr("Mentions"),
            "direct_message": tr("Messages"),
            "post": tr("Posts"),
            "unread": tr("Unread"),
        }
        for key, chip in self.chips.items():
            chip.name(names[key])
        self.account.setAccessibleName(tr("Account"))
        self.account.setToolTip(tr("Show only this account's detections"))
        self.read_all.name(tr("Mark all as read"))
        self.search.setPlaceholderText(tr("Search text or author"))
        self.search.setAccessibleName(tr("Search detections"))
        self._fill_accounts()

    def _fill_accounts(self, _ids: object = None) -> None:
        wanted = [(tr("All accounts"), "")]
        accounts = sorted(self._directory.accounts.values(), key=lambda account: account.display_name.lower())
        wanted += [(account.display_name, account.id) for account in accounts]
        shown = [(self.account.itemText(i), self.account.itemData(i)) for i in range(self.account.count())]
        if wanted == shown:  # an account changes with each of its checks; its name does not
            return
        chosen = self.account.currentData()
        self.account.clear()
        for name, account_id in wanted:
            self.account.addItem(name, account_id)
        found = self.account.findData(chosen)
        self.account.setCurrentIndex(max(found, 0))
        if chosen and found < 0:
            self.changed.emit()

    def _prepare_search(self, theme: Theme) -> QAction:
        self.search.setClearButtonEnabled(True)
        self.search.setMaxLength(MAX_QUERY)
        action = QAction(self)
        self.search.addAction(action, QLineEdit.ActionPosition.LeadingPosition)

        def tint() -> None:
            action.setIcon(theme.icons.icon("magnifying-glass", "muted"))

        tint()
        theme.changed.connect(tint)
        self._typing = QTimer(self, singleShot=True, interval=TYPING_MS)
        self._typing.timeout.connect(self.changed)
        self.search.textChanged.connect(lambda _text: self._typing.start())
        self.search.returnPressed.connect(self._search_now)
        leave = QShortcut(QKeySequence(Qt.Key.Key_Escape), self.search)
        leave.setContext(Qt.ShortcutContext.WidgetShortcut)
        leave.activated.connect(self.clear_search)
        return action

    def _search_now(self) -> None:
        self._typing.stop()
        self.changed.emit()

    def _lay_out(self, theme: Theme) -> None:
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(theme.px(8))
        for chip in self.chips.values():
            row.addWidget(chip)
        row.addStretch(1)
        row.addWidget(self.read_all)
        row.addWidget(self.account)
        self.search.setMinimumWidth(theme.px(140))
        self.search.setMaximumWidth(theme.px(240))
        row.addWidget(self.search, 2)
