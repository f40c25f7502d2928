"""Texts of the window and their Chinese: `python -m tests.support.translations` adds missing ones, as unfinished."""

import ast
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

from desktop.ui.language import CONTEXT

ROOT = Path(__file__).parents[2]
TS = ROOT / "resources/translations/vedette_zh.ts"


def calls() -> Iterator[tuple[Path, ast.Call]]:
    """Every call of `tr`, `trn` and `template` in the window's code."""
    for path in sorted((ROOT / "desktop").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Name)
                and node.func.id in ("tr", "trn", "template")
            ):
                yield path, node


def sources() -> dict[str, str]:
    """Each text with the file in which it was found first."""
    found: dict[str, str] = {}
    for path, call in calls():
        for argument in call.args[: 2 if call.func.id == "trn" else 1]:  # type: ignore[attr-defined]
            if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
                found.setdefault(argument.value, str(path.relative_to(ROOT)))
    return found


def write(translations: dict[str, str], others: dict[tuple[str, str], str]) -> None:
    """Write the .ts file: our context in the order of the code, then Qt's own texts."""
    root = ElementTree.Element("TS", version="2.1", language="zh_CN", sourcelanguage="en")
    _context(root, CONTEXT, {source: translations.get(source, "") for source in sources()})
    for name in dict.fromkeys(context for context, _source in others):
        _context(root, name, {source: text for (context, source), text in others.items() if context == name})
    ElementTree.indent(root, " ")
    head = '<?xml version="1.0" encoding="utf-8"?>\n<!DOCTYPE TS>\n'
    TS.write_text(head + ElementTree.tostring(root, encoding="unicode") + "\n", "utf-8")


def _context(root: ElementTree.Element, name: str, texts: dict[str, str]) -> None:
    context = ElementTree.SubElement(root, "context")
    ElementTree.SubElement(context, "name").text = name
    for source, text in texts.items():
        message = ElementTree.SubElement(context, "message")
        ElementTree.SubElement(message, "source").text = source
        translation = ElementTree.SubElement(message, "translation")
        translation.text = text
        if not text:
            translation.set("type", "unfinished")


if __name__ == "__main__":
    from desktop.ui.language import read_ts

    known = read_ts(TS.read_text("utf-8"))
    ours = {source: text for (context, source), text in known.items() if context == CONTEXT}
    write(ours, {key: text for key, text in known.items() if key[0] != CONTEXT})
