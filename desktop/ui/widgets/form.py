"""Rows of a form: a label, an input, a hint, and under it the error that names it."""

from collections.abc import Callable

from PySide6.QtWidgets import QCheckBox, QComboBox, QHBoxLayout, QLineEdit, QSpinBox, QVBoxLayout, QWidget

from desktop.ui.language import tr
from desktop.ui.theme import Theme
from desktop.ui.widgets.labels import label, restyle
from worker.protocol.descriptor import Choice, Field

Input = QLineEdit | QComboBox | QCheckBox | QSpinBox
Value = str | int | float | bool | None


class FormRow(QWidget):
    """One input with its words; `beside` stands at its right."""

    def __init__(self, theme: Theme, control: Input, beside: QWidget | None = None) -> None:
        super().__init__()
        self.control = control
        self._label, self._hint, self.error = label("field"), label("hint", wrap=True), label("error", wrap=True)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.px(5))
        if not isinstance(control, QCheckBox):
            column.addWidget(self._label)
            self._label.setBuddy(control)
        row = QHBoxLayout()
        row.setSpacing(theme.px(8))
        row.addWidget(control, 1)
        if beside is not None:
            row.addWidget(beside)
        column.addLayout(row)
        column.addWidget(self.error)
        column.addWidget(self._hint)
        self.error.hide()
        self._hint.hide()

    def name(self, text: str, hint: str = "", required: bool = False) -> None:
        """Set its words; a required one says so with a star."""
        shown = f"{text} *" if required else text
        self._label.setText(shown)
        if isinstance(self.control, QCheckBox):
            self.control.setText(shown.replace("&", "&&"))
        self._hint.setText(hint)
        self._hint.setVisible(bool(hint))
        self.control.setAccessibleName(text)
        self.control.setAccessibleDescription(hint)

    def show_error(self, message: str) -> None:
        """Show what is wrong with it; an empty text means nothing is."""
        self.error.setText(message)
        self.error.setVisible(bool(message))
        self.control.setProperty("invalid", "true" if message else "false")
        restyle(self.control)


class FieldInput:
    """The input of a descriptor's field, and its value in the type that the field wants."""

    def __init__(self, theme: Theme, field: Field, changed: Callable[[], None]) -> None:
        self.field = field
        self.control = _control(field)
        self.row = FormRow(theme, self.control)
        if isinstance(self.control, QLineEdit):
            self.control.textEdited.connect(lambda _text: changed())
            if field.type == "secret":
                _add_eye(theme, self.control)
        elif isinstance(self.control, QComboBox):
            self.control.activated.connect(lambda _index: changed())
        elif isinstance(self.control, QCheckBox):
            self.control.toggled.connect(lambda _on: changed())

    def retranslate(self, language: str) -> None:
        """Set label, hint and choices in this language."""
        field = self.field
        hint = (field.hint.zh if language == "zh" else field.hint.en) if field.hint else ""
        self.row.name(self.title(language), hint, field.required)
        if isinstance(self.control, QComboBox):
            for number in range(self.control.count()):
                choice: Choice | None = self.control.itemData(number)
                text = (choice.label.zh if language == "zh" else choice.label.en) if choice else ""
                self.control.setItemText(number, text)

    def title(self, language: str) -> str:
        """The field's label."""
        return self.field.label.zh if language == "zh" else self.field.label.en

    def set_value(self, value: Value) -> None:
        """Show this value."""
        if isinstance(self.control, QCheckBox):
            self.control.setChecked(bool(value))
        elif isinstance(self.control, QComboBox):
            found = [n for n in range(self.control.count()) if (c := self.control.itemData(n)) and c.value == value]
            self.control.setCurrentIndex(found[0] if found else 0)
        elif isinstance(self.control, QLineEdit):
            self.control.setText("" if value is None else f"{value:g}" if isinstance(value, float) else str(value))

    def value(self) -> Value:
        """What is entered, in the field's own type; None if nothing is. A number that is none stays text."""
        if isinstance(self.control, QCheckBox):
            return self.control.isChecked()
        if isinstance(self.control, QComboBox):
            choice: Choice | None = self.control.currentData()
            return choice.value if choice else None
        assert isinstance(self.control, QLineEdit)
        text = self.control.text() if self.field.type == "secret" else self.control.text().strip()
        return _number(self.field, text) if text else None

    def complaint(self, language: str) -> str:
        """What is wrong with the value, in the window's language; an empty text if nothing is."""
        field, value, title = self.field, self.value(), self.title(language)
        if value is None:
            return tr("“{field}” is needed.", field=title) if field.required and field.default is None else ""
        if field.type in ("integer", "number") and isinstance(value, str):
            whole = field.type == "integer"
            return tr("Enter a whole number.") if whole else tr("Enter a number.")
        if field.type == "url" and not str(value).startswith(("http://", "https://")):
            return tr("The address must start with http:// or https://.")
        if isinstance(value, str) and len(value) > field.max_length:
            return tr("At most {n} characters.", n=field.max_length)
        return _out_of_bounds(field, value)


def _out_of_bounds(field: Field, value: Value) -> str:
    if isinstance(value, str | bool) or value is None:
        return ""
    if field.minimum is not None and value < field.minimum:
        return tr("At least {n}.", n=f"{field.minimum:g}")
    if field.maximum is not None and value > field.maximum:
        return tr("At most {n}.", n=f"{field.maximum:g}")
    return ""


def _number(field: Field, text: str) -> Value:
    try:
        if field.type == "integer":
            return int(text)
        if field.type == "number":
            return float(text)
    except ValueError:
        return text
    return text


def _control(field: Field) -> QLineEdit | QComboBox | QCheckBox:
    if field.type == "boolean":
        box = QCheckBox()
        box.setChecked(bool(field.default))
        return box
    if field.type == "choice":
        combo = QComboBox()
        if field.default is None:
            combo.addItem("", None)
        for choice in field.choices:
            combo.addItem(choice.label.en, choice)
        wanted = [n for n in range(combo.count()) if (c := combo.itemData(n)) and c.value == field.default]
        combo.setCurrentIndex(wanted[0] if wanted else 0)
        return combo
    line = QLineEdit()
    if field.type == "secret":
        line.setEchoMode(QLineEdit.EchoMode.Password)
    elif field.default is not None:
        line.setText(f"{field.default:g}" if isinstance(field.default, float) else str(field.default))
    if field.type == "url":
        line.setPlaceholderText("https://")
    return line


def _add_eye(theme: Theme, line: QLineEdit) -> None:
    """A button inside a secret's input that shows what is typed while it is pressed in."""
    action = line.addAction(theme.icons.icon("eye", "muted"), QLineEdit.ActionPosition.TrailingPosition)
    action.setCheckable(True)
    action.setToolTip(tr("Show"))

    def toggle(on: bool) -> None:
        line.setEchoMode(QLineEdit.EchoMode.Normal if on else QLineEdit.EchoMode.Password)
        action.setIcon(theme.icons.icon("eye-slash" if on else "eye", "muted"))

    action.toggled.connect(toggle)
