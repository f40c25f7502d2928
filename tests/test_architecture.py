"""The import rules of docs/architecture.md. A rule that is broken names the chain of imports."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest
from pytest_archon import archrule

ROOT = Path(__file__).parents[1]
PURE = ("worker.protocol", "worker.watch", "engine.fleet", "engine.alerts.rules", "engine.records")
IMPURE = ("asyncio", "time", "random", "os", "logging", "structlog", "socketio", "aiohttp", "sqlalchemy", "sqlite3")
ROOMS = [
    room
    for room in ("store", "gateway", "supervisor", "vault", "feed", "alerts")
    if (ROOT / "engine" / room / "__init__.py").exists()
]


def test_imports_fall_straight_down() -> None:
    archrule("engine sees no window").match("engine*").should_not_import("desktop*", "PySide6*", "qasync*").check(
        "engine", skip_type_checking=True
    )
    archrule("worker stands alone").match("worker*").should_not_import(
        "engine*", "desktop*", "sqlalchemy*", "PySide6*"
    ).check("worker", skip_type_checking=True)


def test_of_the_worker_the_engine_sees_only_protocol_and_process() -> None:
    archrule("engine → worker.protocol, worker.process").match("engine*").should_not_import(
        "worker.agent", "worker.link", "worker.memory", "worker.watch*", "worker.platforms*", "worker.__main__"
    ).check("engine", only_direct_imports=True)


@pytest.mark.parametrize("room", ROOMS)
def test_rooms_do_not_look_into_each_other(room: str) -> None:
    others = [f"engine.{other}*" for other in ROOMS if other != room]
    archrule(f"{room} keeps to itself").match(f"engine.{room}*").should_not_import(*others).check(
        "engine", only_direct_imports=True
    )


def test_the_ui_sees_the_api_and_nothing_behind_it() -> None:
    behind = ["engine.master", "engine.runtime", "engine.config", "engine.control*", "engine.fleet*"]
    archrule("ui → engine.api").match("desktop.ui*", "desktop.bridge", "desktop.actions").should_not_import(
        *behind, *(f"engine.{room}*" for room in ROOMS)
    ).check("desktop", only_direct_imports=True)


def test_only_the_composition_root_sees_the_master() -> None:
    archrule("desktop.app alone starts the engine").match("desktop*").exclude("desktop.app").should_not_import(
        "engine.master"
    ).check("desktop", only_direct_imports=True)


@pytest.mark.parametrize("package", PURE)
def test_pure_packages_import_nothing_that_acts(package: str) -> None:
    found = [f"{file.relative_to(ROOT)}: {name}" for file in _files(package) for name in _imports(file)]
    bad = [line for line in found if line.split(": ")[1].split(".")[0] in IMPURE]
    assert not bad


def test_the_pure_check_reads_files() -> None:
    assert {"msgspec"} <= {name.split(".")[0] for file in _files("worker.protocol") for name in _imports(file)}


def test_a_worker_loads_no_database_toolkit_no_window_and_no_engine() -> None:
    """What a remote machine has to install and keep in memory stays small."""
    code = "import sys, worker.__main__; print('\\n'.join(sys.modules))"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    loaded = {name.split(".")[0] for name in result.stdout.split()}
    assert "socketio" in loaded or "aiohttp" in loaded or "worker" in loaded
    assert not loaded & {"sqlalchemy", "PySide6", "qasync", "engine", "desktop", "alembic", "cryptography"}


def test_sys_exit_is_only_in_main() -> None:
    offenders = [
        str(file.relative_to(ROOT))
        for package in ("worker", "engine", "desktop")
        for file in (ROOT / package).rglob("*.py")
        if file.name != "__main__.py" and "sys.exit(" in file.read_text(encoding="utf-8")
    ]
    assert not offenders


def _files(package: str) -> list[Path]:
    path = ROOT / package.replace(".", "/")
    return sorted(path.rglob("*.py")) if path.is_dir() else [path.with_suffix(".py")] * path.with_suffix(".py").exists()


def _imports(file: Path) -> list[str]:
    names: list[str] = []
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.append(node.module)
    return names


def test_files_and_functions_are_short() -> None:
    """CONTRIBUTING.md: 400 lines and 50."""
    long = []
    for file in sorted(one for part in ("worker", "engine", "desktop") for one in (ROOT / part).rglob("*.py")):
        source = file.read_text()
        if (lines := source.count("\n")) > 400:
            long.append(f"{file.relative_to(ROOT)}: {lines} lines")
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                lines = (node.end_lineno or 0) - node.lineno + 1
                long += [f"{file.relative_to(ROOT)}, {node.name}: {lines} lines"] if lines > 50 else []
    assert not long
