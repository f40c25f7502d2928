"""docs/remote-workers.md shows a unit that a supervisor can use: what must not be restarted is not."""

from configparser import ConfigParser
from pathlib import Path

from worker.process.exit_codes import Exit

PAGE = Path(__file__).parents[1] / "docs" / "remote-workers.md"


def test_the_unit_restarts_what_passes_and_nothing_that_does_not() -> None:
    unit = ConfigParser(strict=False)
    unit.read_string(PAGE.read_text("utf-8").split("```ini\n")[1].split("```")[0])
    service = unit["Service"]
    kept_down = {int(code) for code in service["RestartPreventExitStatus"].split()}
    assert service["Restart"] == "always" and {Exit.ASKED, Exit.USAGE, Exit.CONFIG} <= kept_down
    assert not kept_down & {Exit.TEMPORARY, Exit.UNAVAILABLE, Exit.PARENT_GONE}
