"""What every page is given: the few things that all of them share."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from PySide6.QtCore import QEvent

from desktop.actions import Actions
from desktop.bridge import Bridge
from desktop.ui.language import Languages
from desktop.ui.models.directory import Directory
from desktop.ui.models.overview import Overview
from desktop.ui.theme import Theme


class Toaster(Protocol):
    """Shows one sentence for a few seconds, with a way to undo what it tells."""

    def __call__(self, text: str, tone: str = "neutral", undo: Callable[[], None] | None = None) -> None: ...


@dataclass(frozen=True, slots=True)
class Desk:
    """Handed to pages and dialogs by the main window."""

    theme: Theme
    languages: Languages
    bridge: Bridge
    actions: Actions
    directory: Directory
    overview: Overview
    toast: Toaster


class Translated:
    """Mixed into a widget, before its Qt class; calls `retranslate` when the language changes.

    The widget calls `retranslate` itself at the end of its constructor.
    """

    def changeEvent(self, event: QEvent) -> None:
        if event.type() == QEvent.Type.LanguageChange:
            self.retranslate()
        super().changeEvent(event)  # type: ignore[misc]  # the Qt class that it is mixed into

    def retranslate(self) -> None:
        """Set all texts in the language that is spoken now."""
        raise NotImplementedError
