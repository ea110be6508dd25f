"""The report `docs/reports/hostile.md`: each tool of this room writes its own part.

Owns: the file's form. Invariant: a part names the machine, the versions and the moment of its own
run, and writing it leaves the other parts as they are. Knows nothing of how anything was found.
"""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from pathlib import Path

from bench.host import CHECKOUT
from bench.report import describe_machine
from bench.usage import Cores

ANYWHERE = Cores(None, None)
REPORT = CHECKOUT / "docs" / "reports" / "hostile.md"
TITLES = {
    "attacks": "Attacks on patience",
    "fuzz": "Malformed input",
    "slow readers": "Readers that stop reading",
    "memory": "Memory",
    "conformance": "Conformance to RFC 6455",
}
"""{part: its heading}, in the order of the report."""
HEAD = """# Saleroom under hostile clients

Written by the tools in `tests/hostile`; each part is of the run that it names. Every attack and
every fuzzed frame met a real `saleroom serve` on its embedded PostgreSQL, and after each the server
was held to the same: an honest bidder was served all the while, nothing was journaled but her bids,
no error was logged, no task crashed, every connection was let go, memory stayed within a bound.
"""


def write_section(
    part: str, lines: Sequence[str], cores: Cores = ANYWHERE, path: Path = REPORT
) -> None:
    """Put a part into the report, in place of the one of an earlier run, and print it."""
    machine = describe_machine(cores, CHECKOUT)
    taken = time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime())
    facts = [f"Taken {taken}.", *(re.sub(" +", " ", line) for line in machine.lines())]
    body = "\n".join([*lines, "", *(f"- {fact}" for fact in facts)])
    print(body)
    parts = _parts(path.read_text(encoding="utf-8")) if path.exists() else {}
    parts[TITLES[part]] = body
    written = [f"\n## {title}\n\n{parts[title]}\n" for title in TITLES.values() if title in parts]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(HEAD + "".join(written), encoding="utf-8")


def _parts(text: str) -> dict[str, str]:
    """Split a report into its parts: {heading: what stands under it}."""
    _, *found = re.split(r"^## ", text, flags=re.MULTILINE)
    return {title: body.strip() for title, _, body in (part.partition("\n") for part in found)}
