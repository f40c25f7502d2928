"""A round's report as text; the last line sums it up."""

import statistics
from collections import Counter

from tests.chaos.figures import Gap, spread
from tests.chaos.resources import sentence
from tests.chaos.round import Report


def render(report: Report) -> str:
    """For people."""
    return "\n".join([*_faults(report), *_figures(report), *_violations(report), last_line(report)])


def last_line(report: Report) -> str:
    """The sum."""
    survived = sum(1 for one in report.happened if not one.skipped)
    return (
        f"chaos seed {report.seed}, {report.minutes:g} min: {survived} faults survived, {report.posted} items posted, "
        f"{report.stored} stored once, {report.requests} requests, {report.residual} residual, "
        f"{len(report.violations)} violations"
    )


def _faults(report: Report) -> list[str]:
    kinds = Counter(one.fault.kind for one in report.happened if not one.skipped)
    lines = ["faults survived: " + ", ".join(f"{kind} {count}" for kind, count in sorted(kinds.items()))]
    if skipped := [f"{one.fault.kind} {one.fault.target}: {one.skipped}" for one in report.happened if one.skipped]:
        lines.append("skipped: " + "; ".join(skipped))
    if report.helped:
        lines.append("helped by hand: " + "; ".join(report.helped))
    return lines


def _figures(report: Report) -> list[str]:
    lines = [f"{what}: {spread(values)} ({len(values)})" for what, values in sorted(report.recoveries.items())]
    if report.unwatched:
        worst = max(report.unwatched, key=lambda gap: gap.seconds)
        middle = statistics.median(gap.seconds for gap in report.unwatched)
        lines.append(
            f"longest unwatched time of each of {len(report.unwatched)} accounts: median {middle:.1f} s, "
            f"worst {worst.seconds:.1f} s ({worst.account}; meanwhile: {_meanwhile(report, worst)})"
        )
    return [*lines, sentence(report.before, report.after), f"{report.samples} looks at ownership over REST"]


def _meanwhile(report: Report, gap: Gap) -> str:
    near = [one for one in report.happened if one.began < gap.ends and one.ended > gap.begins - 5.0]
    return ", ".join(f"{one.fault.kind} {one.fault.target}".strip() for one in near) or "nothing"


def _violations(report: Report) -> list[str]:
    return [f"VIOLATION {violation}" for violation in report.violations]
