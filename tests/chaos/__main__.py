"""Real chaos: `python -m tests.chaos --minutes 10 --seed 1`; exit 1 on any violation."""

import argparse
import asyncio
import random
import shutil
import sys
import tempfile
from pathlib import Path

from tests.chaos.failover import measure_all
from tests.chaos.round import play
from tests.chaos.summary import render


def main() -> int:
    """0 if every promise was kept."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description="Kills, stops and cuts real processes.")
    parser.add_argument("--minutes", type=float, default=3.0, help="of faults; warming up and settling come on top")
    parser.add_argument("--seed", type=int, default=None, help="makes the same plan again")
    parser.add_argument("--keep", type=Path, default=None, help="a directory for databases and logs, kept afterwards")
    parser.add_argument("--failover", action="store_true", help="only measure failover, one clean fault at a time")
    options = parser.parse_args()
    seed = random.SystemRandom().randrange(1_000_000) if options.seed is None else options.seed
    directory = Path(tempfile.mkdtemp(prefix="vedette-chaos-")) if options.keep is None else options.keep
    try:
        if options.failover:
            return 0 if asyncio.run(measure_all(directory, _say)) else 1
        _say(f"chaos with seed {seed}, in {directory}")
        report = asyncio.run(play(directory, seed, options.minutes, _say))
        _say(render(report))
    finally:
        if options.keep is None:
            shutil.rmtree(directory, ignore_errors=True)
    return 1 if report.violations else 0


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
