"""The banner that a person who starts a process by hand sees on stderr."""

import sys

WIDTH = 43


def banner(title: str, *facts: str) -> str:
    """A box with a title and, below a rule, one line a fact."""
    width = max(WIDTH, *(len(line) + 4 for line in (title, *facts)))
    lines = [f"║  {line:<{width - 2}}║" for line in (title, *facts)]
    rule = "═" * width
    below = [f"╠{rule}╣", *lines[1:]] if facts else []
    return "\n".join([f"╔{rule}╗", lines[0], *below, f"╚{rule}╝"])


def say(text: str) -> None:
    """Print to stderr at once; a closed stderr is nobody's problem."""
    try:
        print(text, file=sys.stderr, flush=True)  # noqa: T201 - this is the seed's banner, asked for on stderr
    except (OSError, ValueError):
        return
