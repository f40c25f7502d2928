"""What the window remembers between starts. The store is given, so that tests and `--data-dir` have their own."""

from typing import Literal, cast

from PySide6.QtCore import QByteArray, QSettings

Appearance = Literal["system", "light", "dark"]
Language = Literal["system", "en", "zh"]


class Preferences:
    """Appearance, language and geometry, kept in the given QSettings. A value that is not known means the default."""

    def __init__(self, settings: QSettings) -> None:
        self._settings = settings

    @property
    def appearance(self) -> Appearance:
        return cast(Appearance, self._one_of("appearance", ("system", "light", "dark")))

    @appearance.setter
    def appearance(self, value: Appearance) -> None:
        self._settings.setValue("appearance", value)

    @property
    def language(self) -> Language:
        return cast(Language, self._one_of("language", ("system", "en", "zh")))

    @language.setter
    def language(self, value: Language) -> None:
        self._settings.setValue("language", value)

    @property
    def geometry(self) -> QByteArray:
        """What QWidget.saveGeometry gave; empty on the first start."""
        value = self._settings.value("geometry")
        return value if isinstance(value, QByteArray) else QByteArray()

    @geometry.setter
    def geometry(self, value: QByteArray) -> None:
        self._settings.setValue("geometry", value)

    def _one_of(self, key: str, allowed: tuple[str, ...]) -> str:
        value = self._settings.value(key)
        return value if isinstance(value, str) and value in allowed else allowed[0]
