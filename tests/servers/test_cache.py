"""A missing server skips its tests, and fails them where everything must run."""

from pathlib import Path

import pytest

from tests.servers.cache import Server, require, root

GHOST = Server("ghost", ("no-such-thing==1",))


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("VEDETTE_TEST_CACHE", str(tmp_path))
    monkeypatch.delenv("CI", raising=False)
    return tmp_path


def test_a_missing_server_skips(cache: Path) -> None:
    assert root() == cache
    with pytest.raises(pytest.skip.Exception, match="ghost is not installed: run “make servers”"):
        require(GHOST)


def test_a_missing_server_fails_in_ci(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match="ghost"):
        require(GHOST)


def test_an_installed_server_passes_until_its_requirements_change(cache: Path) -> None:
    GHOST.directory.mkdir()
    (GHOST.directory / "installed.txt").write_text("no-such-thing==1\n")
    require(GHOST)
    assert not Server("ghost", ("no-such-thing==2",)).is_installed()
