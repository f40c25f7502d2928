"""Run the benchmarks and print one table: `python -m tests.benchmarks [loop ...]`; exit 1 if a limit is missed."""

import importlib
import sys
import time
from pathlib import Path

from tests.benchmarks.table import Row, render


def names() -> list[str]:
    """Every bench_*.py beside this file, without prefix and suffix."""
    return sorted(path.stem.removeprefix("bench_") for path in Path(__file__).parent.glob("bench_*.py"))


def measure(name: str) -> list[Row]:
    """The rows of one benchmark; says on stderr how long it took."""
    start = time.perf_counter()
    rows: list[Row] = importlib.import_module(f"tests.benchmarks.bench_{name}").rows()
    sys.stderr.write(f"{name}: {time.perf_counter() - start:.0f} s\n")
    return rows


def main(wanted: list[str]) -> int:
    """0 if every limit is kept, 1 if one is missed, 2 for a benchmark that does not exist."""
    if unknown := set(wanted) - set(names()):
        sys.stderr.write(f"no such benchmark: {', '.join(sorted(unknown))}; there are: {', '.join(names())}\n")
        return 2
    rows: list[Row] = []
    try:
        for name in wanted or names():
            rows += measure(name)
    finally:  # what was measured before one fails is shown all the same
        sys.stdout.write(render(rows) + "\n")
    return 0 if all(row.ok for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
