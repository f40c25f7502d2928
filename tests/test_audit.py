"""`make audit`: what is known of a dependency has to be answered, and silence of the source is no answer."""

import json
import subprocess
import sys
from pathlib import Path

AUDIT = Path(__file__).parents[1] / ".ci" / "audit"


def audit(folder: Path, packages: list[dict[str, object]] | None) -> tuple[int, str]:
    """Run it over a pip-audit that reports this; None: it fails."""
    stand_in = folder / "pip-audit"
    report = (
        "sys.exit(2)"
        if packages is None
        else f"open(sys.argv[-1], 'w').write({json.dumps({'dependencies': packages})!r})"
    )
    stand_in.write_text(f"#!{sys.executable}\nimport sys\n{report}\n")
    stand_in.chmod(0o700)
    done = subprocess.run([sys.executable, AUDIT, stand_in], capture_output=True, text=True, check=False)
    return done.returncode, done.stdout


def test_a_finding_without_an_answer_fails(tmp_path: Path) -> None:
    clean: dict[str, object] = {"name": "yarl", "version": "1", "vulns": []}
    bad: dict[str, object] = {"name": "aiohttp", "version": "1", "vulns": [{"id": "PYSEC-0000-0"}]}
    assert audit(tmp_path, [clean]) == (0, "audit: 1 of 1 packages looked up, 0 findings, 0 unanswered\n")
    code, said = audit(tmp_path, [clean, bad])
    assert code == 1 and "aiohttp PYSEC-0000-0" in said


def test_it_says_so_where_nothing_could_be_looked_up(tmp_path: Path) -> None:
    skipped: dict[str, object] = {"name": "yarl", "skip_reason": "not found"}
    for packages in ([skipped], None):
        code, said = audit(tmp_path, packages)
        assert code == 0 and "NOTHING WAS AUDITED" in said
