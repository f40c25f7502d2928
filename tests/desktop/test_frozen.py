"""What the bundle's own start leaves behind is not handed on to the browser."""

import sys

import pytest

from desktop.frozen import commanding, give_back


@pytest.fixture
def frozen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "frozen", True, raising=False)


@pytest.mark.usefixtures("frozen")
def test_the_bundles_paths_are_taken_back() -> None:
    environment = {
        "HOME": "/h",
        "LD_LIBRARY_PATH": "/b/_internal",
        "QT_PLUGIN_PATH": "/b/p",
        "QML2_IMPORT_PATH": "/b/q",
    }
    give_back(environment)
    assert environment == {"HOME": "/h"}


@pytest.mark.usefixtures("frozen")
def test_what_the_user_had_set_is_there_again() -> None:
    environment = {"LD_LIBRARY_PATH": "/b/_internal:/mine", "LD_LIBRARY_PATH_ORIG": "/mine"}
    give_back(environment)
    assert environment == {"LD_LIBRARY_PATH": "/mine"}


@pytest.mark.usefixtures("frozen")
def test_the_bundles_one_program_carries_out_commands() -> None:
    assert commanding() == "Vedette"


def test_a_start_from_source_leaves_everything_as_it_is() -> None:
    environment = {"LD_LIBRARY_PATH": "/mine", "QT_PLUGIN_PATH": "/p"}
    give_back(environment)
    assert environment == {"LD_LIBRARY_PATH": "/mine", "QT_PLUGIN_PATH": "/p"}
