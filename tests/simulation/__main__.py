"""Runs many seeds: `python -m tests.simulation --seeds 1000`."""

import argparse
import sys
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from functools import partial

from tests.simulation.bugs import BUGS
from tests.simulation.simulation import Result, Simulation


def simulate(seed: int, bug: str = "") -> Result:
    """One seed, with a planted bug or without."""
    return Simulation(seed, BUGS[bug] if bug else None).run()


def main() -> int:
    """Returns 1 if a promise was broken."""
    options = _options()
    run = partial(simulate, bug=options.bug)
    if options.seed is not None and options.seeds == 1:
        result = run(options.seed)
        say(f"{result.story}\n{_sum_up([result])}")
        return int(bool(result.violation))
    first = options.seed or 0
    with ProcessPoolExecutor(options.jobs) as pool:
        results = list(pool.map(run, range(first, first + options.seeds), chunksize=10))
    broken = [result for result in results if result.violation]
    for result in broken[:10]:
        say(f"seed {result.seed}: {result.violation}")
    if broken:
        say(f"{broken[0].story}\nagain: python -m tests.simulation --seeds 1 --seed {broken[0].seed}")
    say(_sum_up(results))
    return int(bool(broken))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--seeds", type=int, default=200, help="how many")
    parser.add_argument("--seed", type=int, help="the first one; with --seeds 1 its story is told")
    parser.add_argument("--bug", default="", choices=["", *BUGS], help="plant this bug")
    parser.add_argument("--jobs", type=int, default=2, help="processes")
    return parser.parse_args()


def _sum_up(results: list[Result]) -> str:
    counts: Counter[str] = Counter()
    for result in results:
        counts.update(result.counts)
    faults = {name.removeprefix("fault "): n for name, n in sorted(counts.items()) if name.startswith("fault ")}
    kinds = ", ".join(f"{n} {name}" for name, n in faults.items())
    broken = sum(bool(result.violation) for result in results)
    return (
        f"{len(results)} seeds, {broken} violations, {sum(r.events for r in results)} events, {counts['acts']} acts, "
        f"{counts['detections']} detections, {counts['failed commits']} failed commits, "
        f"{counts['quarantines']} quarantines, {sum(faults.values())} faults: {kinds}"
    )


def say(text: str) -> None:
    """Print a line or more."""
    sys.stdout.write(text + "\n")


if __name__ == "__main__":
    sys.exit(main())
