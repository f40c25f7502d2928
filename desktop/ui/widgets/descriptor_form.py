"""A form built from a platform's descriptor: its settings and its credentials."""

from collections.abc import Callable

from PySide6.QtWidgets import QCheckBox, QVBoxLayout, QWidget

from desktop.ui.theme import Theme
from desktop.ui.widgets.form import FieldInput, Value
from worker.protocol.descriptor import Descriptor, Values

#: settings that few need come after the credentials
LAST = ("allow_private_network",)


class DescriptorForm(QWidget):
    """One input for each field. Keys as in the engine's errors: `settings.<name>`, `credentials.<name>`."""

    def __init__(self, theme: Theme, descriptor: Descriptor, changed: Callable[[], None]) -> None:
        super().__init__()
        self.descriptor = descriptor
        settings = [(f"settings.{field.name}", field) for field in descriptor.setting_fields]
        credentials = [(f"credentials.{field.name}", field) for field in descriptor.credential_fields]
        ordered = [one for one in settings if one[1].name not in LAST] + credentials
        ordered += [one for one in settings if one[1].name in LAST]
        self.inputs = {key: FieldInput(theme, field, changed) for key, field in ordered}
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.px(14))
        for one in self.inputs.values():
            column.addWidget(one.row)

    def retranslate(self, language: str) -> None:
        """Set all words in this language."""
        for one in self.inputs.values():
            one.retranslate(language)

    def settings(self) -> Values:
        """What is entered; blanks are left out."""
        return self._values("settings.")

    def credentials(self) -> Values:
        """What is entered; blanks are left out."""
        return self._values("credentials.")

    def set_settings(self, values: Values) -> None:
        """Show these settings."""
        for name, value in values.items():
            if f"settings.{name}" in self.inputs:
                self.inputs[f"settings.{name}"].set_value(value)

    def complaints(self, language: str, *, skip_credentials: bool = False) -> dict[str, str]:
        """What is wrong, by key."""
        found = {key: one.complaint(language) for key, one in self.inputs.items()}
        return {
            key: text
            for key, text in found.items()
            if text and not (skip_credentials and key.startswith("credentials."))
        }

    def show_errors(self, errors: dict[str, str]) -> list[str]:
        """Show each under its field, take all others away; returns those whose field is not in this form."""
        for key, one in self.inputs.items():
            one.row.show_error(errors.get(key, ""))
        first = next((one for key, one in self.inputs.items() if key in errors), None)
        if first is not None:
            first.control.setFocus()
        return [text for key, text in errors.items() if key not in self.inputs]

    def private_network(self) -> QCheckBox | None:
        """The box that allows private addresses, where the platform has one."""
        found = self.inputs.get("settings.allow_private_network")
        return found.control if found is not None and isinstance(found.control, QCheckBox) else None

    def _values(self, prefix: str) -> Values:
        given: dict[str, Value] = {
            key.removeprefix(prefix): one.value() for key, one in self.inputs.items() if key.startswith(prefix)
        }
        return {name: value for name, value in given.items() if value is not None}
