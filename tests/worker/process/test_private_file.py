import os
import stat

import pytest

from worker.process.private_file import write_private


def test_no_umask_opens_it_to_others_and_no_link_is_followed(tmp_path):
    file, elsewhere = tmp_path / "key", tmp_path / "elsewhere"
    (tmp_path / "key.new").symlink_to(elsewhere)
    before = os.umask(0)
    try:
        write_private(file, b"first")
        write_private(file, b"second")
    finally:
        os.umask(before)
    assert file.read_bytes() == b"second" and not elsewhere.exists() and not file.is_symlink()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600 and os.listdir(tmp_path) == ["key"]


def test_what_was_there_stays_if_it_cannot_be_written(tmp_path, monkeypatch):
    file = tmp_path / "key"
    write_private(file, b"first")

    def full(_descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        write_private(file, b"second")
    assert file.read_bytes() == b"first"
