"""A secret gives itself away only when asked."""

import copy
import json
import pickle

import msgspec
import pytest

from worker.process.secret import Secret

SECRET = Secret("hunter2")


SHOWN = [repr(SECRET), str(SECRET), f"{SECRET}", f"{SECRET:>10}", "{}".format(SECRET), str([SECRET])]  # noqa: UP032


@pytest.mark.parametrize("shown", SHOWN)
def test_no_way_of_printing_shows_it(shown: str) -> None:
    assert "hunter2" not in shown and "***" in shown


@pytest.mark.parametrize("leak", [pickle.dumps, copy.deepcopy, json.dumps, msgspec.json.encode, hash, vars])
def test_no_way_of_copying_takes_it(leak: object) -> None:
    with pytest.raises(TypeError):
        leak(SECRET)  # type: ignore[operator]


def test_it_reveals_compares_and_knows_if_it_is_empty() -> None:
    assert SECRET.reveal() == "hunter2"
    assert SECRET == Secret("hunter2") and SECRET != Secret("other") and SECRET != "hunter2"
    assert SECRET and not Secret("")
    assert Secret("密码") == Secret("密码")
