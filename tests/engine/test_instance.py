"""One master per data directory; master.json is private and goes with its master."""

import json
import os
import stat
from pathlib import Path

import pytest

from engine.instance import InstanceLock, MasterFile
from worker.process.exit_codes import Exit, Stop


def test_a_second_master_is_told_who_is_there(tmp_path: Path) -> None:
    with InstanceLock(tmp_path):
        with pytest.raises(Stop) as caught, InstanceLock(tmp_path):
            pass
        assert caught.value.code == Exit.UNAVAILABLE
        assert f"process {os.getpid()}" in caught.value.sentence and "--data-dir" in caught.value.sentence
    with InstanceLock(tmp_path):
        pass


def test_master_json_is_private_whole_and_removed(tmp_path: Path) -> None:
    file = tmp_path / "master.json"
    (tmp_path / "master.json.new").write_text("left by a crash")
    master = MasterFile(tmp_path, "http://127.0.0.1:1", "t", "0")
    master.write()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    said = json.loads(file.read_text())
    assert said == {
        "url": "http://127.0.0.1:1",
        "token": "t",
        "pid": os.getpid(),
        "version": "0",
        "fingerprint": None,
    }
    master.write("ab" * 32)
    assert json.loads(file.read_text()) == said | {"fingerprint": "ab" * 32}
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    master.remove()
    assert not file.exists()
