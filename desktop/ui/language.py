"""English and Chinese, switched at run time. The .ts file is read as it is: nothing to compile, nothing to forget."""

from importlib.resources import files
from xml.etree import ElementTree

from PySide6.QtCore import QCoreApplication, QLocale, QObject, QTranslator

from desktop.ui.preferences import Language

CONTEXT = "Vedette"


def tr(source: str, **values: object) -> str:
    """The text in the window's language; its `{names}` are filled in after translating: data is never a template."""
    text = QCoreApplication.translate(CONTEXT, source)
    return text.format(**values) if values else text


def sentences(*parts: str) -> str:
    """Sentences after each other; Chinese ones need no space between."""
    joined = ""
    for part in filter(None, parts):
        joined += part if not joined or joined[-1] in "。！？：" else f" {part}"
    return joined


def trn(one: str, many: str, n: int, **values: object) -> str:
    """`one` for n == 1, else `many`, translated; `{n}` is the number with its thousands grouped."""
    return tr(one if n == 1 else many, n=f"{n:,}", **values)


class Chinese(QTranslator):
    """Looks texts up in resources/translations/vedette_zh.ts; what is not there stays English."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._texts = read_ts(files("resources").joinpath("translations/vedette_zh.ts").read_text("utf-8"))

    def translate(  # None is Qt's null string: "look further"
        self, context: str, source: str, disambiguation: str | None = None, n: int = -1
    ) -> str | None:
        return self._texts.get((context, source))

    def isEmpty(self) -> bool:
        return False


def read_ts(xml: str) -> dict[tuple[str, str], str]:
    """Translations by context and source text; unfinished ones are left out."""
    texts = {}
    for context in ElementTree.fromstring(xml).iter("context"):
        for message in context.iter("message"):
            translation = message.find("translation")
            if translation is not None and translation.text and translation.get("type") != "unfinished":
                key = (context.findtext("name", ""), message.findtext("source", ""))
                texts[key] = translation.text
    return texts


class Languages(QObject):
    """Chooses and switches the language; widgets hear of it by QEvent.LanguageChange."""

    def __init__(self, choice: Language = "system", parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._chinese = Chinese(self)
        self._installed = False
        self.choice: Language = choice
        self.set_choice(choice)

    @property
    def current(self) -> str:
        """`en` or `zh`: what the window speaks right now."""
        return "zh" if self._installed else "en"

    def set_choice(self, choice: Language) -> None:
        """Speak this language, or the system's."""
        self.choice = choice
        spoken = choice if choice != "system" else QLocale.system().name()[:2]
        if (spoken == "zh") == self._installed:
            return
        app = QCoreApplication.instance()
        assert app is not None
        self._installed = not self._installed
        (app.installTranslator if self._installed else app.removeTranslator)(self._chinese)

    def close(self) -> None:
        """Take the translator out of the application."""
        app = QCoreApplication.instance()
        if self._installed and app is not None:
            self._installed = False
            app.removeTranslator(self._chinese)
