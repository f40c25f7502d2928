"""A server that Debian packages: installed only as root, and otherwise told how."""

import os
from pathlib import Path

import pytest

from tests.servers.cache import require
from tests.servers.debian import Packages

GHOST = Packages("ghost", ("no-such-package",), (Path("/no/such/program"),))


def test_without_rights_the_line_that_installs_it_is_printed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    GHOST.install()
    assert "sudo apt-get install -y --no-install-recommends no-such-package" in capsys.readouterr().out


def test_a_missing_one_skips_and_one_that_is_there_is_left_alone(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("CI", raising=False)
    with pytest.raises(pytest.skip.Exception, match="ghost is not installed: run “make servers”"):
        require(GHOST)
    there = Packages("there", ("no-such-package",), (tmp_path,))
    require(there)
    there.install()
    assert capsys.readouterr().out == ""
