"""Which room may import which, and a check that it is so.

Owns: the directions of imports. Invariant: a breach is found wherever the import stands, also
inside a function or under TYPE_CHECKING. Must not know: what the rooms do; files are parsed, never
imported.
Source: ARCHITECTURE sections 1 and 2, STYLE "Shape".
"""

from __future__ import annotations

import ast
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

import attrs

HOUSE: Final = "saleroom"
CHECKOUT: Final = Path(__file__).resolve().parent.parent

# What of ours a room may import beside itself. Modules that stand at the top and are not listed
# (app, cli and their like) compose the rooms: they may import all, and no room may import them.
ALLOWED: Final[Mapping[str, frozenset[str]]] = {
    "config": frozenset({"setting_values"}),
    "setting_values": frozenset(),
    "supervisor": frozenset(),
    "workers": frozenset({"supervisor"}),
    "mail": frozenset(),
    "intake": frozenset({"auction"}),
    "receipts": frozenset({"auction", "billing", "intake.amounts"}),
    "auction": frozenset(),
    "billing": frozenset({"auction"}),
    "payments": frozenset({"auction", "billing", "storage", "supervisor"}),
    "protocol": frozenset({"auction", "config"}),
    "storage": frozenset({"auction", "billing", "protocol", "config", "supervisor"}),
    "actors": frozenset(
        {"auction", "protocol", "config", "supervisor", "storage.ports", "messages.owed"}
    ),
    "http": frozenset(
        {
            "auction",
            "billing",
            "protocol",
            "actors",
            "config",
            "intake",
            "mail",
            "messages",
            "payments",
            "receipts",
            "supervisor",
            "storage",
            "workers",
        }
    ),
    "messages": frozenset({"auction", "protocol", "intake", "mail", "storage", "supervisor"}),
    "client": frozenset({"protocol"}),
}

# Packages of others that stay in one place: a module, or a whole room.
CONFINED: Final[Mapping[str, str]] = {
    "asyncio": "storage.bridge",
    "quart": "http",
    "quart_trio": "http",
    "hypercorn": "http",
}

# SDKs that one adapter file each may import, whichever it is.
ONE_ADAPTER: Final = ("PIL", "obstore", "openpyxl", "reportlab", "stripe", "twilio")

PURE_ROOMS: Final = ("auction", "billing", "protocol")
IMPURE: Final = frozenset(
    {"asyncio", "os", "random", "secrets", "socket", "subprocess", "threading", "time", "trio"}
)
CLOCK_CALLS: Final = frozenset({"now", "utcnow", "today"})


@attrs.frozen
class Breach:
    """One import, or one call of a clock, that stands where it must not."""

    module: str
    line: int
    reason: str

    def __str__(self) -> str:
        return f"{self.module}:{self.line}: {self.reason}"


@attrs.frozen
class Module:
    """One parsed file. `name` is dotted and begins with the house, without `__init__`."""

    name: str
    is_package: bool
    tree: ast.Module

    @property
    def place(self) -> str:
        """Its name within the house: "auction.lot"; empty for the house itself."""
        return self.name.removeprefix(HOUSE).removeprefix(".")

    @property
    def room(self) -> str:
        return self.place.partition(".")[0]


def parse(name: str, source: str, *, is_package: bool = False) -> Module:
    return Module(name, is_package, ast.parse(source))


def read_house(checkout: Path = CHECKOUT) -> list[Module]:
    """Parse every module of the package that stands in a checkout."""
    modules = []
    for path in sorted((checkout / HOUSE).rglob("*.py")):
        parts = path.relative_to(checkout).with_suffix("").parts
        is_package = parts[-1] == "__init__"
        name = ".".join(parts[:-1] if is_package else parts)
        modules.append(parse(name, path.read_text(encoding="utf-8"), is_package=is_package))
    return modules


def breaches(modules: list[Module]) -> list[Breach]:
    """Find every import that goes the wrong way."""
    names = {module.name for module in modules}
    found = []
    adapters: dict[str, dict[str, int]] = defaultdict(dict)
    for module in modules:
        for target, line in _imports(module, names):
            top = target.partition(".")[0]
            reason = _within(module, target) if top == HOUSE else _outside(module, top)
            if reason:
                found.append(Breach(module.name, line, reason))
            if top in ONE_ADAPTER:
                adapters[top].setdefault(module.name, line)
        found += [
            Breach(module.name, line, "a pure room reads a clock") for line in _clocks(module)
        ]
    for package, users in adapters.items():
        for name, line in list(users.items())[1:]:
            first = next(iter(users))
            found.append(Breach(name, line, f"{package} is imported by {first} already"))
    return found


def _imports(module: Module, names: set[str]) -> Iterator[tuple[str, int]]:
    """Give each imported module or package; of `from x import y` the module that y is, or x."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            source = _source(module, node)
            for alias in node.names:
                inner = f"{source}.{alias.name}"
                yield (inner if inner in names else source), node.lineno


def _source(module: Module, node: ast.ImportFrom) -> str:
    """Name the module after `from`, with leading dots resolved."""
    if not node.level:
        return node.module or ""
    up = node.level - module.is_package
    base = module.name.split(".")
    parents = base[: len(base) - up]
    return ".".join([*parents, *filter(None, [node.module])])


def _within(module: Module, target: str) -> str | None:
    """Say what is wrong with an import of ours."""
    place = target.removeprefix(HOUSE).removeprefix(".")
    room = place.partition(".")[0]
    if module.place == "" and place:
        return f"the package itself imports {place}"
    if module.room not in ALLOWED or not place or room == module.room:
        return None
    if any(place == allowed or place.startswith(f"{allowed}.") for allowed in ALLOWED[module.room]):
        return None
    return f"{module.room} may not import {place}"


def _outside(module: Module, package: str) -> str | None:
    """Say what is wrong with an import of another's package."""
    home = CONFINED.get(package)
    if home and module.place != home and not module.place.startswith(f"{home}."):
        return f"{package} stays in {home}"
    if module.room in PURE_ROOMS and package in IMPURE:
        return f"{module.room} is pure and may not import {package}"
    return None


def _clocks(module: Module) -> Iterator[int]:
    """Find calls such as `datetime.now()` in the pure rooms."""
    if module.room not in PURE_ROOMS:
        return
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            owner = node.func.value
            name = owner.attr if isinstance(owner, ast.Attribute) else getattr(owner, "id", "")
            if node.func.attr in CLOCK_CALLS and name in ("datetime", "date"):
                yield node.lineno


def main() -> int:
    modules = read_house()
    found = breaches(modules)
    for breach in found:
        print(breach)
    print(f"{len(modules)} modules, {len(found)} imports in the wrong direction")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
