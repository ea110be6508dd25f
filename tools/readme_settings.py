"""Keeps the README's table of settings equal to the definitions in `saleroom.config`.

Owns: what stands between the two markers. Invariant: text outside them is never touched. Must not
know: the settings; it takes the finished table. Source: STYLE "Manners".
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

from saleroom.config import settings_help

README: Final = Path(__file__).resolve().parent.parent / "README.md"
MARKER: Final = "<!-- settings -->"


class NoMarkers(Exception):
    """The text has not exactly two markers, so that the table has no place."""


def with_settings(text: str) -> str:
    """Give the text with the current table between its two markers. Raises NoMarkers."""
    parts = text.split(MARKER)
    if len(parts) != 3:
        raise NoMarkers(f"found {len(parts) - 1} of two lines {MARKER}")
    before, _, after = parts
    return f"{before}{MARKER}\n{settings_help()}\n{MARKER}{after}"


def main(arguments: list[str], readme: Path = README) -> int:
    """Write the table, or with `--check` only compare; give the exit code."""
    try:
        text = readme.read_text(encoding="utf-8")
        wanted = with_settings(text)
    except (FileNotFoundError, NoMarkers) as error:
        print(f"{readme.name}: {error}", file=sys.stderr)
        return 1
    if text == wanted:
        return 0
    if arguments == ["--check"]:
        remedy = "python -m tools.readme_settings"
        print(f"{readme.name}: the table of settings is stale; run: {remedy}", file=sys.stderr)
        return 1
    readme.write_text(wanted, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
