"""A Python environment with Vedette and the guest platform in it, as `pip install` would leave it."""

import sysconfig
import venv
from pathlib import Path

GUEST = Path(__file__).with_name("guest_platform.py")


def install(directory: Path) -> Path:
    """Make the environment; returns its Python. What this Python has installed is there as well."""
    builder = venv.EnvBuilder(with_pip=False, symlinks=True)
    builder.create(directory)
    packages = Path(sysconfig.get_path("purelib", vars={"base": str(directory)}))
    ours = sysconfig.get_path("purelib")
    (packages / "vedette.pth").write_text(f"import site; site.addsitedir({ours!r})\n")
    (packages / "vedette_chaos.py").write_text(GUEST.read_text())
    info = packages / "vedette_chaos-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: vedette-chaos\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[vedette.platforms]\nchaos = vedette_chaos:Guest\n")
    return directory / "bin" / "python"
