"""Change an account: name, interval, tags, pin, settings, and new credentials. Old ones are never shown."""

from PySide6.QtWidgets import QWidget

from desktop.ui.desk import Desk, Translated
from desktop.ui.dialogs.account_fields import AccountFields
from desktop.ui.dialogs.frame import FramedDialog
from desktop.ui.language import tr
from desktop.ui.problems import problem_of
from desktop.ui.widgets.buttons import Button
from desktop.ui.widgets.descriptor_form import DescriptorForm
from desktop.ui.widgets.labels import label
from desktop.ui.widgets.state_panel import Notice
from engine.api.accounts import AccountChanges, AccountSnapshot
from engine.api.errors import ApiError, Invalid
from engine.api.room import Api
from engine.api.secret_values import SecretValues
from worker.protocol.descriptor import Descriptor

WIDTH, HEIGHT = 520, 640


class EditAccountDialog(Translated, FramedDialog):
    """Without a descriptor (no worker ever offered the platform here) only what every account has can be changed."""

    def __init__(
        self, desk: Desk, api: Api, account: AccountSnapshot, descriptor: Descriptor | None, parent: QWidget | None
    ) -> None:
        super().__init__(desk.theme, parent, WIDTH)
        self._desk = desk
        self._api = api
        self._account = account
        theme = desk.theme
        self.resize(self.width(), theme.px(HEIGHT))
        self.fields = AccountFields(
            theme,
            descriptor.min_interval if descriptor else 1,
            desk.directory.workers.values(),
            account.pinned_to or "",
        )
        self.fields.name.setText(account.display_name)
        self.fields.interval.setValue(account.interval)
        self.fields.tags.setText(", ".join(account.tags))
        self.form = DescriptorForm(theme, descriptor, lambda: None) if descriptor else None
        self._secrets = label("hint", wrap=True)
        self.result_strip = Notice(theme)
        self.cancel = Button(theme)
        self.save = Button(theme, "primary", "check")
        self.save.setDefault(True)
        self._place_inputs()
        self.cancel.clicked.connect(self.reject)
        self.save.clicked.connect(self.run_save)
        self.retranslate()

    def retranslate(self) -> None:
        self.setWindowTitle(tr("Edit account"))
        self.title.setText(tr("Edit account"))
        self.subtitle.setText(self._account.handle or self._account.display_name)
        self.fields.retranslate()
        if self.form is not None:
            self.form.retranslate(self._desk.languages.current)
        self._secrets.setText(tr("Credentials are kept sealed and never shown. Leave them empty to keep them."))
        self.cancel.name(tr("Cancel"))
        self.save.name(tr("Save"))

    def run_save(self) -> None:
        """Store what was changed; says so if somebody else changed it first."""
        errors = self.fields.complaints()
        renewed = self.form is not None and any(value is not False for value in self.form.credentials().values())
        if self.form is not None:
            errors |= self.form.complaints(self._desk.languages.current, skip_credentials=not renewed)
        self._show_errors(errors)
        if errors:
            return
        changes = AccountChanges(
            display_name=self.fields.name.text().strip(),
            interval=self.fields.interval.value(),
            tags=self.fields.tag_list(),
            pinned_to=self._changed_pin(),
            settings=self._changed_settings(),
            credentials=SecretValues(self.form.credentials()) if self.form is not None and renewed else None,
        )
        self._desk.actions.run(
            self._api.accounts.change(self._account.id, self._account.revision, changes),
            busy=self.save,
            on_done=self._saved,
            on_error=self._failed,
        )

    def _changed_settings(self) -> dict[str, str | int | float | bool | None] | None:
        """None if they are what they were: settings that are sent give a failing account a fresh start."""
        settings = self.form.settings() if self.form is not None else None
        return settings if settings != self._account.settings else None

    def _changed_pin(self) -> str | None:
        """None if it is what it was: the worker that it names may be gone by now."""
        pin = self.fields.pinned_to()
        return pin if pin != (self._account.pinned_to or "") else None

    def _saved(self, account: AccountSnapshot) -> None:
        self._desk.toast(tr("{name} was changed.", name=account.display_name), "ok")
        self.accept()

    def _failed(self, error: ApiError) -> None:
        if isinstance(error, Invalid) and not self._show_errors({error.field: error.message}):
            return
        self.result_strip.say(problem_of(error).text, "bad", "warning-circle")

    def _show_errors(self, errors: dict[str, str]) -> list[str]:
        left = self.fields.show_errors(errors)
        return self.form.show_errors(left) if self.form is not None else list(left.values())

    def _place_inputs(self) -> None:
        self.body.addWidget(self.fields)
        if self.form is not None:
            self.form.set_settings(self._account.settings)
            self.body.addWidget(self.form)
            self._secrets.setVisible(bool(self.form.descriptor.credential_fields))
            self.body.addWidget(self._secrets)
        self.strip.addWidget(self.result_strip)
        self.body.addStretch()
        self.foot.addStretch()
        self.foot.addWidget(self.cancel)
        self.foot.addWidget(self.save)
