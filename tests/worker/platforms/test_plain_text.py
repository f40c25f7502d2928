"""HTML becomes what a reader would see."""

import pytest

from worker.platforms.plain_text import LONGEST_HTML, clean, from_html, line


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ("plain", "plain"),
        ("a &lt;b&gt; &amp; &quot;c&quot; &#20320;&#x597d;&nbsp;!", 'a <b> & "c" 你好\xa0!'),
        ("<p>one</p><p>two<br>three</p>", "one\n\ntwo\nthree"),
        ("<div>one</div><div><div>two</div></div>", "one\ntwo"),
        ("<ul><li>one</li><li>two</li></ul>", "• one\n• two"),
        ("a\n  b\t<b>c</b> <i>d</i>", "a b c d"),
        ("<pre>a\n  b</pre>", "a\n  b"),
        ("<script>alert(1)</script>seen<style>p{}</style>", "seen"),
        ("<script/>still seen", "still seen"),
        ('look <img src="x" alt="a cat"> here', "look a cat here"),
        ("<table><tr><td>1</td><td>2</td></tr><tr><td>3</td></tr></table>", "1 2\n3"),
        ("broken <b>bold <p>and</i>", "broken bold\nand"),
        ("kept<![dsgvo_control]> and this", "kept and this"),
        ("kept <![never closed", "kept"),
        ("<a href='javascript:x'>link</a>", "link"),
        ("1 < 2 and 3 > 2", "1 < 2 and 3 > 2"),
        ("", ""),
    ],
)
def test_from_html(markup: str, text: str) -> None:
    assert from_html(markup) == text


def test_endless_markup_is_read_to_a_limit() -> None:
    assert len(from_html("x" * (LONGEST_HTML + 5))) == LONGEST_HTML


def test_clean_drops_control_characters_and_cuts() -> None:
    assert clean(" a\x00b\x1b[0m\td\n \ud800", 20) == "ab[0m\td"
    assert clean("你好世界", 3) == "你好…"
    assert clean("你好世", 3) == "你好世"
    assert line("a\n\n b", 10) == "a b"
