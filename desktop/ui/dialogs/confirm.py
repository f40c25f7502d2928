"""Asks before something is done that cannot be undone, and says what happens then."""

from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtWidgets import QWidget

from desktop.ui.desk import Desk, Translated
from desktop.ui.dialogs.frame import FramedDialog
from desktop.ui.language import tr
from desktop.ui.widgets.buttons import Button
from desktop.ui.widgets.labels import label

WIDTH, HEIGHT = 460, 250


@dataclass(frozen=True, slots=True)
class Question:
    """`title` asks, `text` says what a yes means, `yes` is the verb on the button."""

    title: str
    text: str
    yes: str
    subtitle: str = ""


class ConfirmDialog(Translated, FramedDialog):
    """`agreed` is called once if the user says yes; Enter and Esc say no. `question()` is asked in each language."""

    def __init__(
        self,
        desk: Desk,
        question: Callable[[], Question],
        agreed: Callable[[], None],
        parent: QWidget | None,
        icon: str = "trash",
    ) -> None:
        super().__init__(desk.theme, parent, WIDTH)
        self._question = question
        self.resize(self.width(), desk.theme.px(HEIGHT))
        self.text = label("body", wrap=True)
        self.cancel, self.yes = Button(desk.theme), Button(desk.theme, "danger", icon)
        self.body.addWidget(self.text)
        self.body.addStretch()
        self.foot.addStretch()
        self.foot.addWidget(self.cancel)
        self.foot.addWidget(self.yes)
        self.cancel.setDefault(True)
        self.cancel.setFocus()
        self.cancel.clicked.connect(self.reject)
        self.yes.clicked.connect(self.accept)
        self.accepted.connect(agreed)
        self.retranslate()

    def retranslate(self) -> None:
        asked = self._question()
        self.setWindowTitle(asked.title)
        self.title.setText(asked.title)
        self.subtitle.setText(asked.subtitle)
        self.subtitle.setVisible(bool(asked.subtitle))
        self.text.setText(asked.text)
        self.cancel.name(tr("Cancel"))
        self.yes.name(asked.yes)
