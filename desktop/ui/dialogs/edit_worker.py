"""Rename a worker, say how many accounts it may take, and which ones: by tags that accounts are pinned to."""

from PySide6.QtWidgets import QLineEdit, QSpinBox, QWidget

from desktop.ui.desk import Desk, Translated
from desktop.ui.dialogs.account_fields import tags_in
from desktop.ui.dialogs.frame import FramedDialog
from desktop.ui.language import tr
from desktop.ui.problems import problem_of
from desktop.ui.widgets.buttons import Button
from desktop.ui.widgets.form import FormRow
from desktop.ui.widgets.state_panel import Notice
from engine.api.errors import ApiError, Invalid
from engine.api.room import Api
from engine.api.workers import WorkerChanges, WorkerSnapshot

MAX_NAME = 64
MAX_CAPACITY = 100_000


class EditWorkerDialog(Translated, FramedDialog):
    """Keys as the engine's errors name them: `name`, `capacity`, `tags`."""

    def __init__(self, desk: Desk, api: Api, worker: WorkerSnapshot, parent: QWidget | None) -> None:
        super().__init__(desk.theme, parent, 420)
        self._desk = desk
        self._api = api
        self._worker = worker
        self.resize(self.width(), desk.theme.px(440))
        self.name = QLineEdit(worker.name)
        self.name.setMaxLength(MAX_NAME)
        self.capacity = QSpinBox()
        self.capacity.setRange(0, MAX_CAPACITY)
        self.capacity.setValue(worker.capacity)
        self.capacity.lineEdit().setTextMargins(desk.theme.px(11), 0, desk.theme.px(11), 0)
        self.tags = QLineEdit(", ".join(worker.tags))
        self.rows = {
            "name": FormRow(desk.theme, self.name),
            "capacity": FormRow(desk.theme, self.capacity),
            "tags": FormRow(desk.theme, self.tags),
        }
        self.result_strip = Notice(desk.theme)
        self.cancel, self.save = Button(desk.theme), Button(desk.theme, "primary", "check")
        self.save.setDefault(True)
        for row in self.rows.values():
            self.body.addWidget(row)
        self.strip.addWidget(self.result_strip)
        self.body.addStretch()
        self.foot.addStretch()
        self.foot.addWidget(self.cancel)
        self.foot.addWidget(self.save)
        self.cancel.clicked.connect(self.reject)
        self.save.clicked.connect(self.run_save)
        self.retranslate()

    def retranslate(self) -> None:
        self.setWindowTitle(tr("Edit worker"))
        self.title.setText(tr("Edit worker"))
        self.subtitle.setText(self._worker.name)
        self.rows["name"].name(tr("Name"), required=True)
        self.rows["capacity"].name(tr("Capacity"), tr("How many accounts it may watch at most."))
        self.rows["tags"].name(tr("Tags"), tr("Separated by commas. An account can be pinned to a tag."))
        self.cancel.name(tr("Cancel"))
        self.save.name(tr("Save"))

    def run_save(self) -> None:
        """Store what was entered."""
        name = self.name.text().strip()
        self.rows["name"].show_error("" if name else tr("Give it a name."))
        if name:
            changes = WorkerChanges(name=name, capacity=self.capacity.value(), tags=tags_in(self.tags.text()))
            self._desk.actions.run(
                self._api.workers.change(self._worker.id, changes),
                busy=self.save,
                on_done=lambda _worker: self.accept(),
                on_error=self._failed,
            )

    def _failed(self, error: ApiError) -> None:
        if isinstance(error, Invalid) and error.field in self.rows:
            self.rows[error.field].show_error(error.message)
        else:
            self.result_strip.say(problem_of(error).text, "bad", "warning-circle")
