"""Add an account: choose a platform, fill in its form, test it, save it."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QGridLayout, QStackedWidget, QVBoxLayout, QWidget

from desktop.ui import words
from desktop.ui.desk import Desk, Translated
from desktop.ui.dialogs.account_fields import AccountFields
from desktop.ui.dialogs.frame import FramedDialog
from desktop.ui.language import tr
from desktop.ui.problems import problem_of
from desktop.ui.widgets.buttons import Button
from desktop.ui.widgets.descriptor_form import DescriptorForm
from desktop.ui.widgets.labels import label
from desktop.ui.widgets.platform_card import PlatformCard
from desktop.ui.widgets.state_panel import Notice
from engine.api.accounts import AccountSnapshot, NewAccount
from engine.api.errors import ApiError, Invalid
from engine.api.room import Api
from engine.api.secret_values import SecretValues
from worker.protocol.descriptor import Descriptor, Values
from worker.protocol.messages import Identity

WIDTH, HEIGHT = 520, 640


class AddAccountDialog(Translated, FramedDialog):
    """Saving needs a test that passed; after one that failed for a reason outside the form, “Save anyway” is offered.

    Signals: saved(AccountSnapshot).
    """

    saved = Signal(object)

    def __init__(self, desk: Desk, api: Api, parent: QWidget | None = None) -> None:
        super().__init__(desk.theme, parent, WIDTH)
        self._desk = desk
        self._api = api
        self._tested: tuple[Values, Values] | None = None
        self._named_by_user = False
        self.resize(self.width(), desk.theme.px(HEIGHT))
        self.cards: dict[str, PlatformCard] = {}
        self.form: DescriptorForm | None = None
        self.fields: AccountFields | None = None
        theme = desk.theme
        self.result_strip = Notice(theme)
        self.back = Button(theme, "link", "caret-left")
        self.cancel = Button(theme)
        self.test = Button(theme, "plain", "lightning")
        self.save = Button(theme, "primary", "check")
        self._nothing = label("body", wrap=True)
        self._pages = QStackedWidget()
        self._choose, self._fill = QWidget(), QWidget()
        self._grid = QGridLayout()
        self._form_column = QVBoxLayout(self._fill)
        self._lay_out_pages()
        self._connect()
        self._show_platforms()
        self.retranslate()

    def choose(self, key: str) -> None:
        """Show the form of this platform."""
        descriptor = self._desk.directory.platforms[key]
        self._clear_form()
        theme = self._desk.theme
        self.form = DescriptorForm(theme, descriptor, self._edited)
        self.fields = AccountFields(theme, descriptor.min_interval, self._desk.directory.workers.values())
        self.fields.name.textEdited.connect(self._name_edited)
        self._form_column.addWidget(self.form)
        self._form_column.addWidget(self.fields)
        self._form_column.addStretch()
        self._tested = None
        self._named_by_user = False
        self.result_strip.say("")
        self._pages.setCurrentWidget(self._fill)
        self.retranslate()
        self.fields.name.setText(words.spoken(descriptor.name, self._desk.languages.current))
        first = next(iter(self.form.inputs.values()), None)
        (first.control if first else self.fields.name).setFocus()

    def retranslate(self) -> None:
        language = self._desk.languages.current
        choosing = self.form is None
        self.setWindowTitle(tr("Add account"))
        self.title.setText(tr("Add account"))
        self.subtitle.setText(tr("Which platform is it on?") if choosing else self._about())
        self._nothing.setText(
            tr("No worker has said yet which platforms it can watch. They appear here as soon as one does.")
        )
        for key, card in self.cards.items():
            descriptor = self._desk.directory.platforms[key]
            kinds = [words.kind_name(kind) for kind in descriptor.kinds]
            card.name(words.spoken(descriptor.name, language), kinds)
        if self.form is not None and self.fields is not None:
            self.form.retranslate(language)
            self.fields.retranslate()
        self.back.name(tr("Other platform"))
        self.cancel.name(tr("Cancel"))
        self.test.name(tr("Test"))
        self._show_buttons()

    # --- steps -------------------------------------------------------------------------------------------------------

    def run_test(self) -> None:
        """Try what is entered on a worker, unless something in the form is wrong already."""
        if self.form is None or not self._form_is_right():
            return
        settings, credentials = self.form.settings(), self.form.credentials()
        self.result_strip.say(tr("Testing…"), "info", "hourglass")
        self.save.setEnabled(False)
        self._desk.actions.run(
            self._api.accounts.test(self.form.descriptor.key, SecretValues(credentials), settings),
            busy=self.test,
            on_done=lambda identity: self._test_passed(identity, settings, credentials),
            on_error=self._test_failed,
        )

    def run_save(self) -> None:
        """Store it; the engine places it on a worker."""
        if self.form is None or self.fields is None or not self._form_is_right():
            return
        new = NewAccount(
            platform=self.form.descriptor.key,
            display_name=self.fields.name.text().strip(),
            interval=self.fields.interval.value(),
            credentials=SecretValues(self.form.credentials()),
            settings=self.form.settings(),
            tags=self.fields.tag_list(),
            pinned_to=self.fields.pinned_to() or None,
        )
        self._desk.actions.run(
            self._api.accounts.create(new), busy=self.save, on_done=self._saved, on_error=self._not_saved
        )

    # --- inside ------------------------------------------------------------------------------------------------------

    def _form_is_right(self) -> bool:
        assert self.form is not None and self.fields is not None
        errors = self.form.complaints(self._desk.languages.current) | self.fields.complaints()
        self.form.show_errors(self.fields.show_errors(errors))
        return not errors

    def _test_passed(self, identity: Identity, settings: Values, credentials: Values) -> None:
        if (
            self.form is None
            or self.fields is None
            or (self.form.settings(), self.form.credentials()) != (settings, credentials)
        ):
            self._edited()
            return
        self._tested = (settings, credentials)
        who = " · ".join(dict.fromkeys(part for part in (identity.display_name, identity.handle) if part))
        said = tr("It works: {who}", who=who) if who else tr("It works.")
        self.result_strip.say(said, "ok", "check-circle")
        if identity.display_name and not self._named_by_user:
            self.fields.name.setText(identity.display_name)
        self._show_buttons()
        self.save.setFocus()

    def _test_failed(self, error: ApiError) -> None:
        if isinstance(error, Invalid) and self._show_invalid(error):
            self.result_strip.say("")
            self._show_buttons()
            return
        allow = (
            self._allow_private
            if error.code == "private_address" and self.form and self.form.private_network()
            else None
        )
        button = (tr("Allow and test again"), allow) if allow else None
        self.result_strip.say(problem_of(error).text, "bad", "warning-circle", button)
        self._show_buttons(anyway=not isinstance(error, Invalid))

    def _not_saved(self, error: ApiError) -> None:
        if not (isinstance(error, Invalid) and self._show_invalid(error)):
            self.result_strip.say(problem_of(error).text, "bad", "warning-circle")

    def _show_invalid(self, error: Invalid) -> bool:
        """Under the field that the engine named; False if it is none of ours."""
        assert self.form is not None and self.fields is not None
        return not self.form.show_errors(self.fields.show_errors({error.field: error.message}))

    def _allow_private(self) -> None:
        box = self.form.private_network() if self.form else None
        if box is not None:
            box.setChecked(True)
            self.run_test()

    def _saved(self, account: AccountSnapshot) -> None:
        self.saved.emit(account)
        self._desk.toast(tr("{name} is being watched.", name=account.display_name), "ok")
        self.accept()

    def _edited(self) -> None:
        """What was tested is not what is entered any more."""
        if self._tested is not None or not self.result_strip.isHidden():
            self._tested = None
            self.result_strip.say("")
        self._show_buttons()

    def _name_edited(self, text: str) -> None:
        self._named_by_user = bool(text.strip())

    def _show_buttons(self, anyway: bool = False) -> None:
        choosing = self.form is None
        self.back.setVisible(not choosing and len(self.cards) > 1)
        self.test.setVisible(not choosing)
        self.save.setVisible(not choosing)
        self.save.setEnabled(self._tested is not None or anyway)
        self.save.name(
            tr("Save anyway") if anyway else tr("Save"), "" if self.save.isEnabled() else tr("Test it first.")
        )
        (self.save if self._tested else self.test).setDefault(True)

    def _about(self) -> str:
        assert self.form is not None
        return words.spoken(self.form.descriptor.name, self._desk.languages.current)

    def _show_platforms(self) -> None:
        """Cards in two columns, by name."""
        for card in self.cards.values():
            card.hide()
            card.deleteLater()
        self.cards = {}
        theme, language = self._desk.theme, self._desk.languages.current

        def by_name(descriptor: Descriptor) -> str:
            return words.spoken(descriptor.name, language).lower()

        for number, one in enumerate(sorted(self._desk.directory.platforms.values(), key=by_name)):
            card = PlatformCard(theme, theme.icons.platform(one.icon, one.key))
            card.clicked.connect(lambda _checked=False, key=one.key: self.choose(key))
            self._grid.addWidget(card, number // 2, number % 2)
            self.cards[one.key] = card
        self._nothing.setVisible(not self.cards)

    def _platforms_changed(self) -> None:
        if self.form is None:
            self._show_platforms()
            self.retranslate()

    def _go_back(self) -> None:
        self._clear_form()
        self._pages.setCurrentWidget(self._choose)
        self.retranslate()

    def _clear_form(self) -> None:
        self.result_strip.say("")
        while (item := self._form_column.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.hide()
                widget.deleteLater()
        self.form = self.fields = None

    def _connect(self) -> None:
        self.back.clicked.connect(self._go_back)
        self.cancel.clicked.connect(self.reject)
        self.test.clicked.connect(self.run_test)
        self.save.clicked.connect(self.run_save)
        self._desk.directory.platforms_changed.connect(self._platforms_changed)

    def _lay_out_pages(self) -> None:
        px = self._desk.theme.px
        self._grid.setSpacing(px(10))
        column = QVBoxLayout(self._choose)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self._nothing)
        column.addLayout(self._grid)
        column.addStretch()
        self._form_column.setContentsMargins(0, 0, 0, 0)
        self._form_column.setSpacing(px(14))
        for page in (self._choose, self._fill):
            page.setObjectName("clear")
            page.setAttribute(Qt.WidgetAttribute.WA_StyledBackground, True)
            self._pages.addWidget(page)
        self.body.addWidget(self._pages)
        self.strip.addWidget(self.result_strip)
        self.foot.addWidget(self.back)
        self.foot.addStretch()
        for button in (self.cancel, self.test, self.save):
            self.foot.addWidget(button)
