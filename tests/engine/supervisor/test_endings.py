"""Exit codes as sentences."""

import pytest

from engine.supervisor.endings import sentence


@pytest.mark.parametrize(
    ("code", "words", "said"),
    [
        (0, "whatever", "it ended by itself"),
        (-9, "", "it was ended by SIGKILL"),
        (-250, "", "it was ended by signal 250"),
        (1, "ValueError: no", "it ended with code 1: ValueError: no"),
        (78, "revoked", "its configuration does not let it run: revoked"),
        (70, "", "it thought that the master was gone"),
        (None, "No such file", "it could not be started: No such file"),
    ],
)
def test_every_ending_is_a_sentence(code: int | None, words: str, said: str) -> None:
    assert sentence(code, words) == said
