"""The supervisor's one line."""

import pytest

from worker.process.local_start import LocalStart, read_line

START = LocalStart("http://127.0.0.1:3000", "w1", "t0ken", "local-1", "/data", parent_pid=7)


def test_what_is_written_is_read() -> None:
    assert START.line().endswith(b"\n") and START.line().count(b"\n") == 1
    assert read_line(START.line()) == START


def test_it_does_not_show_its_token() -> None:
    assert "t0ken" not in repr(START) and "t0ken" not in str([START])


@pytest.mark.parametrize(
    ("line", "says"),
    [
        (b"", "not JSON"),
        (b"hello", "not JSON"),
        (b"\xff\xfe", "not JSON"),
        (b"{}", "url"),
        (START.line().replace(b"http:", b"ftp:"), "url"),
        (START.line().replace(b'"w1"', b'"../w1"'), "worker_id"),
        (START.line().replace(b'"name"', b'"nickname"'), "nickname|name"),
    ],
)
def test_anything_else_is_refused_with_a_sentence(line: bytes, says: str) -> None:
    with pytest.raises(ValueError, match=says) as caught:
        read_line(line)
    assert "t0ken" not in str(caught.value)
