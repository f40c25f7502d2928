import base64
import stat

import pytest

from engine.vault.errors import VaultError
from engine.vault.keys import KeyFile, open_vault


def mode(path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_the_first_start_makes_a_private_key_and_later_ones_keep_it(tmp_path):
    source = KeyFile(tmp_path / "data")
    blob = open_vault(source, sealed_exist=False).seal("acc_1", "credentials", b"x")
    assert mode(source.path) == 0o600
    assert len(base64.b64decode(source.path.read_bytes())) == 32
    assert open_vault(KeyFile(tmp_path / "data"), sealed_exist=True).open("acc_1", "credentials", blob) == b"x"


def test_a_wider_mode_is_tightened(tmp_path):
    source = KeyFile(tmp_path)
    open_vault(source, sealed_exist=False)
    source.path.chmod(0o644)
    open_vault(source, sealed_exist=True)
    assert mode(source.path) == 0o600


@pytest.mark.parametrize("content", [b"", b"not base64 \xff", base64.b64encode(bytes(31)), base64.b64encode(bytes(33))])
def test_wrong_content_is_said_and_kept(tmp_path, content):
    source = KeyFile(tmp_path)
    source.path.write_bytes(content)
    with pytest.raises(VaultError, match="does not hold a key"):
        open_vault(source, sealed_exist=False)
    assert source.path.read_bytes() == content


def test_a_missing_key_stops_the_start_if_something_is_sealed(tmp_path):
    with pytest.raises(VaultError, match="gone: bring back"):
        open_vault(KeyFile(tmp_path), sealed_exist=True)
    assert list(tmp_path.iterdir()) == []


def test_a_key_is_never_overwritten(tmp_path):
    source = KeyFile(tmp_path)
    key = source.create()
    with pytest.raises(VaultError, match="cannot be made"):
        source.create()
    assert source.load() == key


def test_a_directory_that_cannot_be_used(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(VaultError, match="cannot be"):
        open_vault(KeyFile(tmp_path / "file"), sealed_exist=False)
