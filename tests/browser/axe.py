"""axe-core on a page: what somebody who does not see, or does not point, would stumble over.

Owns: running it, and writing down what it found. Invariant: every rule that axe holds by default is
held, best practices included. Must not know: any page. Source: WCAG 2.2 AA, issue 7.
"""

from __future__ import annotations

from functools import cache
from typing import Final

from playwright.sync_api import Page

from tests.e2e.server import ROOT

AXE: Final = ROOT / "tests" / "node" / "node_modules" / "axe-core" / "axe.min.js"
SETTLE: Final = """
async () => {
  await new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)));
  const moves = document.getAnimations().filter((move) => move instanceof CSSTransition);
  await Promise.allSettled(moves.map((move) => move.finished));
}
"""
"""Colours on their way from dark to light have no contrast."""
RUN: Final = "async () => (await axe.run(document, { resultTypes: ['violations'] })).violations"


def violations(page: Page) -> list[str]:
    """Give one line for each thing that breaks a rule, on the page as it stands."""
    page.evaluate(SETTLE)
    page.evaluate(_axe())
    return [
        f"{found['id']}: {' '.join(node['target'])}: {node['failureSummary']}".replace("\n", " ")
        for found in page.evaluate(RUN)
        for node in found["nodes"]
    ]


@cache
def _axe() -> str:
    assert AXE.exists(), "axe-core is missing; run: tools/install-node"
    return AXE.read_text(encoding="utf-8")
