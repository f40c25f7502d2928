"""One master per data directory; master.json is private and goes with its master."""

import json
import os
import stat
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from engine.instance import InstanceLock, write_master_file
from worker.process.exit_codes import Exit, Stop


def test_a_second_master_is_told_who_is_there(tmp_path: Path) -> None:
    with InstanceLock(tmp_path):
        with pytest.raises(Stop) as caught, InstanceLock(tmp_path):
            pass
        assert caught.value.code == Exit.UNAVAILABLE
        assert f"process {os.getpid()}" in caught.value.sentence and "--data-dir" in caught.value.sentence
    with InstanceLock(tmp_path):
        pass


async def test_master_json_is_private_whole_and_removed(tmp_path: Path) -> None:
    file = tmp_path / "master.json"
    (tmp_path / "master.json.new").write_text("left by a crash")
    async with AsyncExitStack() as stack:
        write_master_file(stack, tmp_path, url="http://127.0.0.1:1", token="t", version="0")
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        said = json.loads(file.read_text())
        assert said == {
            "url": "http://127.0.0.1:1",
            "token": "t",
            "pid": os.getpid(),
            "version": "0",
            "fingerprint": None,
        }
    assert not file.exists()
