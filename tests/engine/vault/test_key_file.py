import base64
import stat

import pytest

from engine.vault.errors import VaultError
from engine.vault.key_file import KeyFile, decoded

KEY = bytes(range(224, 256))


def mode(path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_private_file_that_comes_back(tmp_path):
    file = KeyFile(tmp_path / "data")
    assert file.load() is None
    file.create(KEY)
    assert mode(file.path) == 0o600 and base64.b64decode(file.path.read_bytes()) == KEY
    file.path.chmod(0o644)
    assert file.load() == KEY and mode(file.path) == 0o600


@pytest.mark.parametrize("content", [b"", b"not base64 \xff", base64.b64encode(bytes(31)), base64.b64encode(bytes(33))])
def test_wrong_content_is_said_and_kept(tmp_path, content):
    file = KeyFile(tmp_path)
    file.path.write_bytes(content)
    with pytest.raises(VaultError, match="does not hold a key"):
        file.load()
    assert file.path.read_bytes() == content


def test_a_key_is_never_overwritten(tmp_path):
    file = KeyFile(tmp_path)
    file.create(KEY)
    with pytest.raises(VaultError, match="cannot be made"):
        file.create(bytes(32))
    assert file.load() == KEY


def test_the_next_key_waits_beside_it(tmp_path):
    file = KeyFile(tmp_path)
    file.create(KEY)
    file.prepare(bytes(32))
    file.prepare(bytes(reversed(KEY)))
    assert (file.load(), file.load_next(), mode(file.next)) == (KEY, bytes(reversed(KEY)), 0o600)
    file.commit()
    assert (file.load(), file.load_next()) == (bytes(reversed(KEY)), None)


def test_a_directory_that_cannot_be_used(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(VaultError, match="cannot be"):
        KeyFile(tmp_path / "file").create(KEY)


def test_both_alphabets_of_base64():
    assert decoded(base64.b64encode(KEY)) == decoded(base64.urlsafe_b64encode(KEY)) == KEY
    assert decoded(b"4" * 64) is None
