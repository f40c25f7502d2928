"""The list of platforms, and strangers in it."""

import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from tests.conftest import LogWatch
from worker.platforms.catalog import available, builtin
from worker.protocol.descriptor import Descriptor, Field, Text

GUEST = """
from typing import ClassVar
from worker.protocol.descriptor import Descriptor, Text

class Guest:
    descriptor: ClassVar[Descriptor] = Descriptor(
        key={key!r}, name=Text(en="Guest", zh="客人"), kinds=("post",), min_interval={interval})

def broken():
    raise ValueError("no such luck")
"""


def offer(directory: Path, points: dict[str, str], **values: object) -> None:
    """Install a distribution that offers platforms by entry points, the way pip lays it out."""
    directory.joinpath("guest_platform.py").write_text(GUEST.format(**{"key": "guest", "interval": 5, **values}))
    info = directory / "guest_platform-1.0.dist-info"
    info.mkdir()
    info.joinpath("METADATA").write_text("Metadata-Version: 2.1\nName: guest-platform\nVersion: 1.0\n")
    lines = "\n".join(f"{name} = {target}" for name, target in points.items())
    info.joinpath("entry_points.txt").write_text(f"[vedette.platforms]\n{lines}\n")


@pytest.fixture
def packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "guest_platform", raising=False)
    return tmp_path


def test_the_built_in_platforms_have_valid_descriptors_in_both_languages() -> None:
    platforms = builtin()
    assert {"demo", "feed"} <= set(platforms)
    for key, platform in platforms.items():
        described = platform.descriptor
        assert msgspec.convert(msgspec.to_builtins(described), Descriptor) == described
        assert described.key == key
        for text in labels(described):
            assert text.zh != text.en


def labels(described: Descriptor) -> list[Text]:
    fields: tuple[Field, ...] = (*described.setting_fields, *described.credential_fields)
    hints = [field.hint for field in fields if field.hint]
    choices = [choice.label for field in fields for choice in field.choices]
    return [described.name, *(field.label for field in fields), *hints, *choices]


def test_the_contract_of_demo_and_feed() -> None:
    demo, feed = builtin()["demo"].descriptor, builtin()["feed"].descriptor
    assert (demo.min_interval, [field.name for field in demo.setting_fields]) == (1, ["rate_per_minute", "seed"])
    assert (feed.min_interval, [f.name for f in feed.credential_fields]) == (10, ["username", "password"])
    defaults = {field.name: field.default for field in feed.setting_fields}
    assert defaults == {"url": None, "kind": "post", "allow_private_network": False}


def test_an_installed_platform_joins_the_list(packages: Path) -> None:
    offer(packages, {"guest": "guest_platform:Guest"})
    assert set(available()) == {*builtin(), "guest"}


@pytest.mark.parametrize(
    ("points", "values"),
    [
        ({"gone": "guest_platform:Gone"}, {}),
        ({"gone": "no_such_module:Gone"}, {}),
        ({"broken": "guest_platform:broken"}, {}),
        ({"guest": "guest_platform:Guest"}, {"key": "Not A Key"}),
        ({"guest": "guest_platform:Guest"}, {"interval": 0}),
        ({"guest": "guest_platform:Guest"}, {"key": "feed"}),
    ],
)
def test_a_broken_one_is_said_and_left_out(
    packages: Path, expected_logs: LogWatch, points: dict[str, str], values: dict[str, object]
) -> None:
    expected_logs("platform.skipped")
    offer(packages, points, **values)
    platforms = available()
    assert set(platforms) == set(builtin())
    assert type(platforms["feed"]).__module__ == "worker.platforms.feed"
    assert sum("platform.skipped" in record for record in expected_logs.records) == 1


def test_the_list_does_not_load_feedparser() -> None:
    program = "import sys, worker.platforms.catalog as c; c.builtin(); sys.exit('feedparser' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
