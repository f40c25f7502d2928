"""`make soak`: the simulation, then real chaos; the last line sums up both, exit 1 on any violation."""

import argparse
import subprocess
import sys
from collections.abc import Sequence


def run(*arguments: str) -> tuple[int, str]:
    """Run a module with this Python and pass its output on; returns its exit code and its last line."""
    last = ""
    with subprocess.Popen([sys.executable, "-m", *arguments], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            last = line.strip() or last
            say(line)
    return process.returncode, last


def say(text: str) -> None:
    """To stdout, at once."""
    sys.stdout.write(text)
    sys.stdout.flush()


def main(arguments: Sequence[str] | None = None) -> int:
    """0 if no promise was broken."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak")
    parser.add_argument("--seeds", default="1000", help="how many the simulation plays")
    parser.add_argument("--seed", default="", help="of the chaos, and the first of the simulation; empty: any")
    parser.add_argument("--minutes", default="10", help="of chaos")
    options = parser.parse_args(arguments)
    seed = ["--seed", options.seed] if options.seed else []
    parts = [
        run("tests.simulation", "--seeds", options.seeds, *seed),
        run("tests.chaos", "--minutes", options.minutes, *seed),
    ]
    failed = any(code != 0 for code, _ in parts)
    say(f"soak {'FAILED' if failed else 'ok'}: " + " | ".join(last for _, last in parts) + "\n")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
