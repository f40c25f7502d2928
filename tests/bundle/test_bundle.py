"""The bundle: what is in it, and that it runs where there is no Python."""

import json
import os
import subprocess
from pathlib import Path

import pytest

from desktop.ui.icons import SETS
from tests.support.bundle import FrozenApp, frozen_app, loaded_files, run_alone, weight
from tests.support.waiting import eventually
from tests.support.xvfb import display

ROOT = Path(__file__).parents[2]
DIST = ROOT / "dist"
BUNDLE, WORKER_ALONE = DIST / "Vedette", DIST / "vedette-worker"
MEGABYTE = 1_000_000
BUILD_WITHIN = 600  #: seconds; two idle cores need 60

pytestmark = [pytest.mark.bundle, pytest.mark.processes, pytest.mark.timeout(BUILD_WITHIN + 60)]


@pytest.fixture(scope="module", autouse=True)
def built() -> None:
    """dist/ as of these sources: make knows whether there is anything to do."""
    if os.environ.get("CI") != "true" and os.environ.get("VEDETTE_TEST_BUNDLE") != "1":
        pytest.skip("builds the bundle, which takes a minute: set VEDETTE_TEST_BUNDLE=1 to run it")
    environment = {key: value for key, value in os.environ.items() if not key.startswith("MAKE")}
    made = subprocess.run(
        ["make", "bundle"], cwd=ROOT, env=environment, timeout=BUILD_WITHIN, capture_output=True, text=True, check=False
    )
    assert made.returncode == 0, made.stdout + made.stderr


async def test_it_runs_where_there_is_nothing_but_a_display(tmp_path: Path) -> None:
    with display() as name:
        async with frozen_app(BUNDLE / "Vedette", tmp_path, name) as app:
            width, height = map(int, (await app.window("Vedette")).split("x"))
            assert width >= 800 and height >= 500

            workers = await app.workers_online(2)
            for worker in workers:
                assert worker.exe() == str(BUNDLE / "vedette-worker")
                assert not [file for file in loaded_files(worker.pid) if "Qt" in file or "shiboken" in file.lower()]

            assert await eventually(lambda: app.items("/detections"), within=20, what="a demo detection")

            assert await app.stop() == 0
            assert not [worker for worker in workers if worker.is_running()]
        assert_nothing_was_missing(app)


def assert_nothing_was_missing(app: FrozenApp) -> None:
    """Neither Qt nor our own log speaks of anything it did not find."""
    said = app.stderr.read_text()
    assert not [word for word in ("Traceback", "plugin", "No module", "cannot", "qt.") if word in said], said
    logs = [line for file in (app.data_dir / "logs").iterdir() for line in file.read_text().splitlines()]
    grave = [line for line in map(json.loads, logs) if line["level"] in ("warning", "error", "critical")]
    assert not grave


async def test_the_worker_alone_says_what_it_needs(tmp_path: Path) -> None:
    code, said = await run_alone(WORKER_ALONE / "vedette-worker", tmp_path)
    assert code == 2
    assert said.startswith("usage: vedette-worker")


async def test_it_makes_backups_and_brings_them_back(tmp_path: Path) -> None:
    (tmp_path / "phrase").write_text("correct horse battery")
    given = ("--passphrase-file", str(tmp_path / "phrase"), "--data-dir")
    code, said = await run_alone(BUNDLE / "Vedette", tmp_path, "backup", "x.vedette", *given, str(tmp_path / "none"))
    assert code == 78 and "nothing to back up" in said
    with display() as name:
        async with frozen_app(BUNDLE / "Vedette", tmp_path, name) as app:
            await app.workers_online(2)
            data = str(app.data_dir)
            code, said = await run_alone(BUNDLE / "Vedette", tmp_path, "backup", "x.vedette", *given, data)
            assert code == 0, said
    code, said = await run_alone(BUNDLE / "Vedette", tmp_path, "restore", "x.vedette", *given, str(tmp_path / "new"))
    assert code == 0 and (tmp_path / "new" / "vedette.db").exists(), said


def test_it_holds_two_executables_and_what_they_read() -> None:
    assert {file.name for file in BUNDLE.iterdir()} == {"Vedette", "vedette-worker", "_internal"}
    inside = BUNDLE / "_internal"
    for source in ("resources/theme", "resources/icons", "resources/translations", "engine/store/migrations/versions"):
        shipped = {file.name for file in (inside / source).iterdir()}
        assert shipped == {file.name for file in (ROOT / source).iterdir() if file.is_file()}
    plugins = {file.name for file in (inside / "PySide6/Qt/plugins").rglob("*.so")}
    assert plugins >= {"libqxcb.so", "libqwayland.so", "libqsvg.so", "libibusplatforminputcontextplugin.so"}
    fonts = {file.name for file in (inside / "qtawesome/fonts").glob("*.ttf")}
    assert len(fonts) == len(SETS)
    assert (inside / "licences/vedette/LICENSE").is_file()


def test_no_link_leads_nowhere() -> None:
    assert not [link for link in DIST.rglob("*") if link.is_symlink() and not link.exists()]


def test_the_worker_alone_has_no_window_and_no_database_library() -> None:
    names = {part for file in WORKER_ALONE.rglob("*") for part in file.relative_to(WORKER_ALONE).parts}
    assert not [name for name in names if name.lower().startswith(("pyside", "libqt", "shiboken", "sqlalchemy"))]


def test_it_stays_small() -> None:
    assert weight(BUNDLE) <= 150 * MEGABYTE
    assert (DIST / "Vedette.tar.xz").stat().st_size <= 50 * MEGABYTE
    assert weight(WORKER_ALONE) <= 45 * MEGABYTE
