"""A new API token: its name, what it may do, and how long; then the token itself, this once."""

from datetime import timedelta

from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QComboBox, QLineEdit, QWidget

from desktop.ui import words
from desktop.ui.desk import Desk, Translated
from desktop.ui.dialogs.frame import FramedDialog
from desktop.ui.language import tr, trn
from desktop.ui.problems import problem_of
from desktop.ui.widgets.buttons import Button
from desktop.ui.widgets.form import FormRow
from desktop.ui.widgets.state_panel import Notice
from engine.api.errors import ApiError, Invalid
from engine.api.room import Api
from engine.api.tokens import MAX_NAME, NewToken, TokenMade
from engine.records import SCOPES, Scope

DAYS = (30, 90, 365, 0)  #: how long it may count; 0 is for good


class NewTokenDialog(Translated, FramedDialog):
    """Keys as the engine's errors name them: `name`, `scope`, `expires_at`. The token is gone once this is closed."""

    def __init__(self, desk: Desk, api: Api, parent: QWidget | None) -> None:
        super().__init__(desk.theme, parent, 480)
        self._desk = desk
        self._api = api
        self._made: TokenMade | None = None
        theme = desk.theme
        self.resize(self.width(), theme.px(470))
        self.name, self.scope, self.lasts = QLineEdit(), QComboBox(), QComboBox()
        self.name.setMaxLength(MAX_NAME)
        for scope in SCOPES:
            self.scope.addItem("", scope)
        for days in DAYS:
            self.lasts.addItem("", days)
        self.secret = QLineEdit()
        self.secret.setReadOnly(True)
        self.rows = {
            "name": FormRow(theme, self.name),
            "scope": FormRow(theme, self.scope),
            "expires_at": FormRow(theme, self.lasts),
        }
        self.secret_row = FormRow(theme, self.secret)
        self.said = Notice(theme)
        self.cancel, self.copy = Button(theme), Button(theme, "plain", "copy")
        self.create_token = Button(theme, "primary", "check")
        self.create_token.setDefault(True)
        self._lay_out_form()
        self.scope.currentIndexChanged.connect(lambda _index: self._explain())
        self.cancel.clicked.connect(self.reject)
        self.copy.clicked.connect(self.run_copy)
        self.create_token.clicked.connect(self.run_create)
        self.retranslate()

    def retranslate(self) -> None:
        title = tr("New API token")
        self.setWindowTitle(title)
        self.title.setText(title)
        self.subtitle.setText(
            tr("For a script or a device. It may use REST and live events; a worker needs a join code instead.")
        )
        self.rows["name"].name(tr("Name"), tr("Whose it is: the journal names it."), required=True)
        self.rows["expires_at"].name(tr("Valid for"))
        for number, scope in enumerate(SCOPES):
            self.scope.setItemText(number, scope_name(scope))
        for number, days in enumerate(DAYS):
            self.lasts.setItemText(number, trn("{n} day", "{n} days", days) if days else tr("until it is revoked"))
        self.secret_row.name(tr("The token"), tr("Send it as “Authorization: Bearer …”, never in an address."))
        self.create_token.name(tr("Create"))
        self.copy.name(tr("Copy"))
        self._explain()
        self._show_step()

    def run_create(self) -> None:
        """Make it and show it."""
        name = self.name.text().strip()
        self.rows["name"].show_error("" if name else tr("Give it a name."))
        if name:
            days = self.lasts.currentData()
            ends = words.now() + timedelta(days=days) if days else None
            self._desk.actions.run(
                self._api.tokens.create(NewToken(name, self.scope.currentData(), ends)),
                busy=self.create_token,
                on_done=self._created,
                on_error=self._failed,
            )

    def run_copy(self) -> None:
        """Put the token into the clipboard."""
        QGuiApplication.clipboard().setText(self.secret.text())
        self.said.say(tr("Copied."), "ok", "check-circle")

    def _created(self, made: TokenMade) -> None:
        self._made = made
        self.secret.setText(made.secret)
        self.secret.setCursorPosition(0)
        self._show_step()
        self.said.say(tr("It is shown this once: copy it now. Whoever has it may do what it may."), "warn", "warning")
        self.copy.setFocus()

    def _failed(self, error: ApiError) -> None:
        if isinstance(error, Invalid) and error.field in self.rows:
            self.rows[error.field].show_error(error.message)
        else:
            self.said.say(problem_of(error).text, "bad", "warning-circle")

    def _show_step(self) -> None:
        made = self._made is not None
        for row in self.rows.values():
            row.setHidden(made)
        self.secret_row.setVisible(made)
        self.copy.setVisible(made)
        self.create_token.setVisible(not made)
        self.cancel.name(tr("Close") if made else tr("Cancel"))
        if self._made is not None:
            self.subtitle.setText(f"{self._made.token.name} · {scope_name(self._made.token.scope)}")

    def _explain(self) -> None:
        says: dict[Scope, str] = {
            "read": tr("Sees detections, accounts and workers, and changes nothing."),
            "operate": tr("Also marks detections and changes accounts. It reads no password."),
            "admin": tr("May do everything, even make tokens and let workers in."),
        }
        self.rows["scope"].name(tr("Rights"), says[self.scope.currentData()])

    def _lay_out_form(self) -> None:
        for row in (*self.rows.values(), self.secret_row):
            self.body.addWidget(row)
        self.body.addStretch()
        self.strip.addWidget(self.said)
        self.foot.addWidget(self.copy)
        self.foot.addStretch()
        self.foot.addWidget(self.cancel)
        self.foot.addWidget(self.create_token)


def scope_name(scope: Scope) -> str:
    """What a token may do, in a word."""
    return {"read": tr("Read"), "operate": tr("Operate"), "admin": tr("Administer")}[scope]
