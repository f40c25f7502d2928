"""Tokens: readable in both appearances, and switched at run time."""

import re
from typing import Any

import pytest
from PySide6.QtGui import QColor, QFont, QFontInfo, QGuiApplication
from pytestqt.qtbot import QtBot

from desktop.ui.theme import Theme, load_tokens, system_scale

TOKENS = load_tokens()


def luminance(colour: str) -> float:
    """WCAG 2.2: relative luminance."""
    parts = [channel / 255 for channel in QColor(colour).getRgb()[:3]]  # type: ignore[index]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    """WCAG 2.2: from 1 to 21."""
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("mode", ["dark", "light"])
def test_every_text_can_be_read_on_its_ground(mode: str) -> None:
    colours: dict[str, str] = TOKENS[mode]
    pairs = [(f"{ink} on {ground}", colours[ink], colours[ground]) for ink, ground in TOKENS["readable"]]
    pairs += [(f"avatar {ground}", ink, ground) for ground, ink in TOKENS["avatars"][mode]]
    pairs += [
        (f"{kind} on {ground}", colours[look["colour"]], colours[ground])
        for kind, look in TOKENS["kinds"].items()
        for ground in ("surface", "hover", "selected")
    ]
    pairs += [(status, colours[tone], colours[f"{tone}_soft"]) for status, tone in TOKENS["statuses"].items()]
    weak = {name: round(contrast(ink, ground), 2) for name, ink, ground in pairs if contrast(ink, ground) < 4.5}
    assert not weak


def test_both_appearances_have_the_same_tokens() -> None:
    assert TOKENS["dark"].keys() == TOKENS["light"].keys()
    assert len(TOKENS["avatars"]["dark"]) == len(TOKENS["avatars"]["light"])


def test_every_kind_and_state_has_a_look() -> None:
    assert {"comment", "mention", "direct_message", "reaction", "follow", "post"} == TOKENS["kinds"].keys()
    states = {"starting", "online", "degraded", "offline", "draining", "failed", "revoked"}
    assert states | {"active", "paused", "failing", "reauthenticate", "waiting"} <= TOKENS["statuses"].keys()


def test_switching_changes_palette_style_sheet_and_icons(qtbot: QtBot, qapp: Any) -> None:
    theme = Theme("light", scale=1.0)
    theme.apply()
    light = theme.icons.pixmap("tray", "text", 18).toImage()
    changes: list[bool] = []
    theme.changed.connect(lambda: changes.append(theme.dark))
    theme.set_appearance("dark")
    assert changes == [True]
    assert qapp.palette().window().color().name() == TOKENS["dark"]["window"]
    assert TOKENS["dark"]["surface"] in qapp.styleSheet()
    assert TOKENS["light"]["surface"] not in qapp.styleSheet()
    assert theme.icons.pixmap("tray", "text", 18).toImage() != light
    theme.set_appearance("dark")
    assert changes == [True]


def test_following_the_system_takes_unknown_for_light(qtbot: QtBot) -> None:
    scheme = QGuiApplication.styleHints().colorScheme().name
    assert Theme("system").dark == (scheme == "Dark")


def test_larger_system_text_makes_everything_larger(qtbot: QtBot) -> None:
    theme = Theme("light", scale=1.5)
    assert theme.px(100) == 150
    assert theme.font().pixelSize() == round(13 * 1.5)
    assert "min-height: 48px" in theme.style_sheet()  # 32 at the usual size
    assert "border: 1px" in theme.style_sheet()  # a hairline stays one


def test_the_scale_comes_from_the_system_font(qtbot: QtBot) -> None:
    small, large = QFont(), QFont()
    small.setPixelSize(8)
    large.setPixelSize(200)
    assert system_scale(small) == 1.0
    assert system_scale(large) == 2.0


def test_numbers_have_one_width_and_chinese_has_a_font(qtbot: QtBot) -> None:
    theme = Theme("light")
    font = theme.font()
    assert font.isFeatureSet(QFont.Tag("tnum"))
    assert QFontInfo(theme.font("body", 600)).weight() >= 500
    assert len(font.families()) >= 1
    assert theme.font() is font  # made once


def test_icons_of_platforms(qtbot: QtBot) -> None:
    icons = Theme("light").icons
    assert icons.platform("mdi6.rss", "feed") == "rss"
    assert icons.platform("", "mastodon") == "mastodon"
    assert icons.platform("", "imap") == "envelope-simple"
    assert icons.platform("nothing-like-it", "nobody") == "globe"


@pytest.mark.parametrize("percent", range(100, 205, 5))
def test_chips_are_round_at_every_text_size(qtbot: QtBot, percent: int) -> None:
    """Qt draws a corner square whose radius is more than half of the height."""
    sheet = Theme("light", scale=percent / 100).style_sheet()
    rule = sheet[sheet.index('QPushButton[role="chip"]') :].partition("}")[0]
    radius, height = (int(re.search(rf"{name}: (\d+)px", rule)[1]) for name in ("border-radius", "min-height"))  # type: ignore[index]
    assert 2 * radius <= height + 2
