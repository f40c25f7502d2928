"""API tokens: which there are, what each may do, when it was last used; made and revoked here."""

from functools import partial
from typing import Any

from PySide6.QtCore import QRect
from PySide6.QtWidgets import QVBoxLayout, QWidget

from desktop.ui import words
from desktop.ui.desk import Desk, Translated
from desktop.ui.dialogs.confirm import ConfirmDialog, Question
from desktop.ui.dialogs.new_token import NewTokenDialog, scope_name
from desktop.ui.language import tr
from desktop.ui.models.records import RecordsModel
from desktop.ui.widgets.buttons import Button
from desktop.ui.widgets.painting import Brush
from desktop.ui.widgets.table import Table
from desktop.ui.widgets.table_card import TableCard
from engine.api.room import Api
from engine.records import ApiToken

WIDTHS = {"name": 240, "scope": 132, "state": 120, "created": 110, "used": 110, "expires": 150}
SPARE = ("created", "expires")
HEIGHT = 420


class TokenSection(Translated, QWidget):
    """The table of tokens, newest first, with two buttons."""

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self._desk = desk
        self._api: Api | None = None
        theme = desk.theme
        self.model = RecordsModel(tuple(WIDTHS), self._text, self)
        self.table = Table(theme, self.model, self._draw, widths=WIDTHS, wide="name", spare=SPARE)
        self.revoke, self.add = Button(theme, "danger", "prohibit"), Button(theme, "primary", "plus")
        self.card = TableCard(theme, self.table, QWidget(), (self.revoke, self.add))
        self.setMinimumHeight(theme.px(HEIGHT))
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.card)
        self.add.clicked.connect(self.make)
        self.revoke.clicked.connect(self.run_revoke)
        self.table.chosen.connect(lambda _id: self._show_chosen())
        desk.bridge.rights_changed.connect(self.refresh)
        self.retranslate()

    def attach(self, api: Api) -> None:
        """Act on this engine's tokens."""
        self._api = api
        self.refresh()

    def retranslate(self) -> None:
        self.card.title.setText(tr("API tokens"))
        self.table.setAccessibleName(tr("API tokens, newest first"))
        self.add.name(tr("New token"), tr("For a script or a device that asks this master"))
        self.revoke.name(tr("Revoke"), tr("It is not valid from this moment on; its connections end"))
        self.model.set_titles(
            {
                "name": tr("Name"),
                "scope": tr("Rights"),
                "state": tr("Status"),
                "created": tr("Created"),
                "used": tr("Last used"),
                "expires": tr("Expires"),
            }
        )
        self.refresh()

    def refresh(self) -> None:
        """Show what there is now."""
        tokens = self._api.tokens.all() if self._api is not None else []
        self.model.set_rows(tokens)
        text = tr("Scripts and devices show a token instead of the master's own. Each has a name and its limits.")
        self.card.panel.show_state("key", tr("No API tokens"), text, primary=(tr("New token"), self.make))
        self.card.show_table(bool(tokens))
        self._show_chosen()

    # --- what the user does ------------------------------------------------------------------------------------------

    def make(self) -> None:
        """Open the form of a new token."""
        if self._api is not None:
            dialog = NewTokenDialog(self._desk, self._api, self.window())
            dialog.finished.connect(self.refresh)
            dialog.open()

    def run_revoke(self) -> None:
        """Take the chosen token away, if the user means it."""
        if (one := self._chosen()) is not None:
            question = partial(_question, one)
            ConfirmDialog(self._desk, question, lambda: self._revoke(one), self.window(), "prohibit").open()

    # --- inside ------------------------------------------------------------------------------------------------------

    def _revoke(self, one: ApiToken) -> None:
        if self._api is not None:
            said = tr("{name} is not valid any more.", name=one.name)
            self._desk.actions.run(
                self._api.tokens.revoke(one.id), busy=self.revoke, on_done=lambda _none: self._revoked(said)
            )

    def _revoked(self, said: str) -> None:
        self._desk.toast(said, "ok")
        self.refresh()

    def _chosen(self) -> ApiToken | None:
        row = self.model.row_of(self.table.current_id())
        return None if row is None else self.model.rows[row]

    def _show_chosen(self) -> None:
        one = self._chosen()
        self.revoke.setVisible(one is not None and one.revoked_at is None)

    def _text(self, one: ApiToken, column: str) -> str:
        at = words.now()
        match column:
            case "name":
                return " · ".join(part for part in (one.name, one.device_name) if part)
            case "scope":
                return scope_name(one.scope)
            case "state":
                return _state(one)[0]
            case "created":
                return words.clock(one.created_at, at)
            case "used":
                return tr("never") if one.last_used_at is None else words.clock(one.last_used_at, at)
            case _:
                return tr("never") if one.expires_at is None else words.clock(one.expires_at, at)

    def _draw(self, brush: Brush, area: QRect, one: Any, column: str) -> None:
        text = self._text(one, column)
        gone = _state(one)[1] != "ok"
        if column == "state":
            brush.pill(area, *_state(one))
        elif column == "name":
            font = self._desk.theme.font("body", 600)
            brush.text(area, words.one_line(text), "muted" if gone else "text", font)
        else:
            brush.text(area, text, "muted" if gone else "text_2")


def _question(one: ApiToken) -> Question:
    text = tr("Whoever uses it is shut out at once. It cannot be made valid again; a new token can be made.")
    return Question(tr("Revoke {name}?", name=one.name), text, tr("Revoke"), scope_name(one.scope))


def _state(one: ApiToken) -> tuple[str, str]:
    """A word and its tone."""
    if one.revoked_at is not None:
        return tr("Revoked"), "neutral"
    if one.expires_at is not None and one.expires_at <= words.now():
        return tr("Expired"), "neutral"
    return tr("Active"), "ok"
