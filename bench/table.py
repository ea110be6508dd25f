"""A kept run as Markdown: every figure with its goal, and the reason of those that miss it.

Owns: the table's form. Invariant: it says what the JSON says and no more; the reason of a miss is
what stood in the run: what others took, and where samples found the time.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bench.report import OTHERS_BUSY_SHARE, shown

Run = Mapping[str, Any]
BUSIEST_SHOWN = 4
VERDICTS = {True: "met", False: "**missed**", None: ""}


def lines(run: Run) -> list[str]:
    """Write the whole run."""
    machine = run["machine"]
    versions = ", ".join(f"{name} {version}" for name, version in machine["packages"].items())
    return [
        f"Taken at {run['taken_at']} on {machine['processor']}, {machine['system']}, cores: "
        f"{machine['cores']}; load average before "
        f"{' '.join(f'{load:.2f}' for load in machine['load_average'])}.",
        f"Python {machine['python']}, {versions}; commit {machine['commit']}.",
        "",
        "| measure | figure | value | goal | | others took |",
        "|---|---|---|---|---|---|",
        *(_row(result) for result in run["results"]),
        *(f"| {gone['measure']} | absent: {gone['reason']} | | | | |" for gone in run["missing"]),
        "",
        *_reasons(run),
        *_conditions(run),
    ]


def short_lines(run: Run) -> list[str]:
    """Write the figures that have a goal."""
    return [
        "| measure | figure | value | goal | |",
        "|---|---|---|---|---|",
        *(_short_row(result) for result in run["results"] if result["goal"] is not None),
    ]


def _short_row(result: Mapping[str, Any]) -> str:
    """Write a figure without what others took."""
    return _row(result).rpartition("|")[0].rpartition("|")[0] + "|"


def _row(result: Mapping[str, Any]) -> str:
    goal, others = result["goal"], result["usage"]["others_share"]
    bound = "" if goal is None else f"{goal['relation']} {goal['bound']:,g}"
    return (
        f"| {result['measure']} | {result['figure']} | {shown(result['value'])} {result['unit']} | "
        f"{bound} | {VERDICTS[result['met']]} | {'' if others is None else f'{others:.0%}'} |"
    )


def _reasons(run: Run) -> list[str]:
    said = [f"- **{r['measure']}**: {reason(r)}" for r in run["results"] if r["met"] is False]
    return ["Missed, and where the time went:", "", *said, ""] if said else []


def reason(result: Mapping[str, Any]) -> str:
    """Say what is known of why a figure is what it is."""
    said = []
    others = result["usage"]["others_share"]
    if others is not None and others >= OTHERS_BUSY_SHARE:
        said.append(f"other processes took {others:.0%} of the server's core")
    busiest = list(result["details"].get("busiest", {}).items())[:BUSIEST_SHOWN]
    if busiest:
        said.append("samples: " + ", ".join(f"`{name}` {share:.0%}" for name, share in busiest))
    return "; ".join([*said, *(line.strip() for line in result["found"])]) + "."


def _conditions(run: Run) -> list[str]:
    said = [f"- {result['measure']}: {result['conditions']}." for result in run["results"]]
    return ["Conditions:", "", *said]
