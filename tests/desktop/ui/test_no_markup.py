"""What people on the internet wrote is never markup: nothing in the window is made of what could show it as such."""

import re
from pathlib import Path

import pytest

SOURCES = sorted((Path(__file__).parents[3] / "desktop").rglob("*.py"))
#: what interprets markup, opens addresses or fetches, and the only files that may name it
GUARDED = {
    r"\bQLabel\(": {"labels.py"},
    r"\b(setHtml|insertHtml|appendHtml|setMarkdown)\b": set(),
    r"\b(RichText|AutoText|MarkdownText|setOpenExternalLinks)\b(?!\(False)": set(),
    r"\b(QTextBrowser|QMessageBox|QErrorMessage|QWebEngine\w*|QtNetwork|QtWebEngine\w*|setSource)\b": set(),
    r"\bopenUrl\b": {"detections.py"},
    r"\b(QToolTip|setWhatsThis)\b": set(),
}


@pytest.mark.parametrize("pattern", GUARDED)
def test_only_there(pattern: str) -> None:
    found = {file.name for file in SOURCES if re.search(pattern, file.read_text("utf-8"))}
    assert found <= GUARDED[pattern]


def test_the_look_reads_files() -> None:
    assert any(re.search(r"\bQLabel\(", file.read_text("utf-8")) for file in SOURCES)


def test_every_label_is_told_that_its_text_is_plain() -> None:
    [labels] = [file.read_text("utf-8") for file in SOURCES if file.name == "labels.py"]
    made = len(re.findall(r"= QLabel\(|\(QLabel\):", labels))
    assert made == labels.count("setTextFormat(Qt.TextFormat.PlainText)") > 0
    others = [file.name for file in SOURCES if file.name != "labels.py" and "(QLabel)" in file.read_text("utf-8")]
    assert not others


def test_tool_tips_from_outside_go_through_plain_tip() -> None:
    """A tool tip has no switch for plain text: what is not one of our own sentences must be escaped."""
    ours = re.compile(r'setToolTip\((plain_tip\(|tr\(|"|words\.exact\()')
    for file in SOURCES:
        for call in re.findall(r"setToolTip\([^\n]*", file.read_text("utf-8")):
            assert ours.match(call), f"{file.name}: {call}"
