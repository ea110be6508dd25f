"""Draws docs/rules/tables.md from the rule book's own tables.

Owns: the page's form. Invariant: whatever the page says of states, refusals and roles is read from
the code that decides by it. Must not know: any rule itself. Source: STYLE "Shape".
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final

from saleroom.auction.lot import ENDED, MACHINES, QUEUED
from saleroom.auction.refusal import Code
from saleroom.auction.roles import LEAST_ROLE, RANK, Role
from saleroom.auction.state import EVENT_MACHINE, PUBLISHED
from saleroom.protocol.messages import wire_name

PAGE: Final = Path(__file__).resolve().parent.parent / "docs" / "rules" / "tables.md"
REMEDY: Final = "python -m tools.rules_docs"

HEAD: Final = f"""# The rule book's tables

Drawn from the code by `{REMEDY}`; change the code, not this page.
"""


def page() -> str:
    """Give the whole page."""
    parts = [HEAD, "## The event\n", diagram(EVENT_MACHINE, PUBLISHED)]
    for mode, machine in MACHINES.items():
        parts += [f"## A {mode} lot\n", diagram(machine, QUEUED)]
    parts += ["## Refusals\n", "Of several that apply, the first in this order is given.\n"]
    parts.append(table(("code", "message"), ((f"`{code.name}`", code.value) for code in Code)))
    parts += ["## Who may ask what\n", "A higher role has the rights of the lower.\n"]
    parts.append(table(("least role", "commands"), _commands()))
    return "\n".join(parts)


def diagram(machine: Mapping[str, Mapping[str, str]], first: str) -> str:
    """Draw a machine `{state: {trigger: next state}}` as a Mermaid state diagram."""
    reached = {state for steps in machine.values() for state in steps.values()}
    lines = ["```mermaid", "stateDiagram-v2", f"    [*] --> {first}"]
    for state, steps in machine.items():
        lines += [f"    {state} --> {following}: {trigger}" for trigger, following in steps.items()]
    lines += [f"    {state} --> [*]" for state in sorted(reached & ENDED)]
    return "\n".join([*lines, "```", ""])


def table(titles: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    """Give a Markdown table."""
    lines = [titles, tuple("---" for _ in titles), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def main(arguments: list[str], path: Path = PAGE) -> int:
    """Write the page, or with `--check` only compare; give the exit code."""
    wanted = page()
    if path.exists() and path.read_text(encoding="utf-8") == wanted:
        return 0
    if arguments == ["--check"]:
        print(f"{path.name} is stale; run: {REMEDY}", file=sys.stderr)
        return 1
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(wanted, encoding="utf-8")
    return 0


def _commands() -> Iterator[tuple[str, str]]:
    for role in sorted(set(LEAST_ROLE.values()), key=RANK.__getitem__):
        yield role.value, ", ".join(_names_of(role))


def _names_of(role: Role) -> Iterator[str]:
    return (f"`{wire_name(cls)}`" for cls, least in LEAST_ROLE.items() if least is role)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
