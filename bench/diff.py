"""Two kept runs, figure by figure.

Owns: the comparison. Invariant: a change counts as one only where the windows of both runs do not
overlap and the conditions are the same; whether more is better is the goal's to say.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from bench.report import shown

Run = Mapping[str, Any]


def diff_lines(before: Run, after: Run) -> Iterator[str]:
    """Compare every figure that both runs have; name those that only one has."""
    first, last = _by_measure(before), _by_measure(after)
    yield f"before  {before['taken_at']}  {before['machine']['commit']}"
    yield f"after   {after['taken_at']}  {after['machine']['commit']}"
    yield f"{'measure':<40} {'before':>12} {'after':>12} {'change':>8}"
    for measure, old in first.items():
        if measure not in last:
            yield f"{measure:<40} only before"
            continue
        new = last[measure]
        change = f"{new['value'] / old['value'] - 1:+.1%}" if old["value"] else ""
        yield (
            f"{measure:<40} {shown(old['value']):>12} {shown(new['value']):>12} {change:>8} "
            f"{new['unit']}  {_judged(old, new)}".rstrip()
        )
    for measure in last.keys() - first.keys():
        yield f"{measure:<40} only after"


def _by_measure(run: Run) -> dict[str, Mapping[str, Any]]:
    return {result["measure"]: result for result in run["results"]}


def _judged(old: Mapping[str, Any], new: Mapping[str, Any]) -> str:
    """Say whether the change is one, and for better or worse."""
    if old["conditions"] != new["conditions"]:
        return "other conditions"
    if _overlap(old["spread"], new["spread"]):
        return "within the windows"
    goal = new["goal"]
    if goal is None or new["value"] == old["value"]:
        return ""
    rose = new["value"] > old["value"]
    verdict = "better" if rose is (goal["relation"] == ">=") else "worse"
    if new["met"] is not old["met"]:
        verdict += ", now met" if new["met"] else ", now missed"
    return verdict


def _overlap(old: Sequence[float], new: Sequence[float]) -> bool:
    return bool(old and new) and min(old) <= max(new) and min(new) <= max(old)
