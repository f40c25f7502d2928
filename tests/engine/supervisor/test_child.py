"""How a worker's process is started: nothing that was meant for the master reaches it."""

import os
import sys

import pytest

from engine.supervisor.child import command, environment


def test_the_environment_is_by_allow_list(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("VEDETTE_ENCRYPTION_KEY", "SOME_API_TOKEN", "PYTHONPATH", "LC_ALL"):
        monkeypatch.setenv(name, "x")
    assert "LC_ALL" in environment() and "PATH" in environment()
    assert not environment().keys() & {"VEDETTE_ENCRYPTION_KEY", "SOME_API_TOKEN", "PYTHONPATH"}
    assert "PYINSTALLER_RESET_ENVIRONMENT" not in environment()


def test_a_frozen_master_starts_the_executable_beside_it(monkeypatch: pytest.MonkeyPatch) -> None:
    assert command() == [sys.executable, "-m", "worker", "--local"]
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    program, argument = command()
    assert (os.path.dirname(program), argument) == (os.path.dirname(sys.executable), "--local")
    assert os.path.basename(program).startswith("vedette-worker")
    assert environment()["PYINSTALLER_RESET_ENVIRONMENT"] == "1"
