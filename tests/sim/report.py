"""What a campaign of simulations showed, as a page for people.

Owns: the figures of `docs/reports/sim.md` and their arrangement. Invariant: a page names the
machine and the seeds; what was found stands in it in words, with the command that shows it again.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Mapping

from bench.report import Machine
from tests.sim.campaign import Campaign, told
from tests.sim.checks import CHECKERS
from tests.sim.mutations import MUTATIONS

TITLE = "# Simulation"
PLAYED = """\
Each seed is one evening in virtual time: the registry, the supervision tree, the actors, the
doorkeeper and its sessions run as they are, over memory stores and connections without sockets.
Donors, a clerk, an auctioneer and an admin do what their screens suggest, while stores, processes
and connections fail as the seed says; then a calm follows, in which everything must settle. The
knobs and their meanings stand in `tests/sim/knobs.py`."""
AS_TOLD: Mapping[str, str] = {
    "durable": "Nothing is told before it is durable: feeds, welcomes, acks, refusals.",
    "feeds": "A feed has no gap and no repeat, over every reconnect.",
    "answers": "A command is answered at most once on each connection that it was sent on.",
    "order": "Answers of one connection come in the order of its commands.",
    "once": "An id that was accepted stands for no other command.",
}
AFTERWARDS: Mapping[str, str] = {
    "hot view": "In the end the hot store shows what is published.",
    "audit": "`saleroom audit` passes, with every receipt that was given.",
    "crashes": "No child of the tree dies of anything but what was planted.",
    "repetition": "The same seed gives the same journal, byte for byte (each tenth seed).",
}

NOT_HELD = """\
- After a fresh `lot_reopened` the ask is the lot's opening again, which the feed does not repeat:
  it is compared again from the next bid on.
- Nobody is told of a renumbered paddle (rule 19) by a fact, so no paddle is renumbered here.
- An offer shows the next bidder's last bid, which may be a max that was beaten (rules 20 and 21):
  such a max counts as public from then on.
- A hot store that lost what it had, while nothing was written to it, is filled again only as lots
  change: of such a one only what it shows is compared."""


def report_lines(campaign: Campaign, machine: Machine, took_s: float) -> Iterator[str]:
    """Write the page. took_s: of real time."""
    counts, last = campaign.counts, campaign.start + campaign.seeds - 1
    yield from (TITLE, "", *PLAYED.splitlines(), "")
    yield f"Seeds {campaign.start} to {last}, {_now()}, in {took_s:.0f} s:"
    yield f"**{campaign.seeds:,} evenings, {campaign.virtual_s / 3600:.1f} hours of virtual time,"
    yield f"{counts['commands']:,} commands, {counts['accepted']:,} of them accepted,"
    yield f"{counts['facts']:,} facts, {counts['frames']:,} frames;"
    yield f"{len(campaign.faulty)} evenings with something to report.**"
    yield f"{campaign.twice} evenings were played twice."
    yield from ("", "## What went wrong on purpose", "", "| Fault | Times |", "|---|--:|")
    for fault, times in sorted(campaign.faults.items()):
        yield f"| {fault} | {times:,} |"
    yield from ("", "## What came of it", "")
    yield f"Facts: {_listed(campaign.kinds)}."
    yield from ("", f"Refusals: {_listed(campaign.refusals)}.")
    yield from ("", f"Connections closed by the server: {_listed(campaign.closes)}.")
    yield from ("", "## What must hold", "", "| Checker | Promise |", "|---|---|")
    for name, promise in {**AS_TOLD, **_from_docs(), **AFTERWARDS}.items():
        yield f"| {name} | {promise} |"
    yield from ("", "## Planted bugs", "")
    yield from ("| Bug | What is wrong | Seed | Seen by |", "|---|---|--:|---|")
    for catch in campaign.catches:
        seed = "none" if catch.seed is None else str(catch.seed)
        says = MUTATIONS[catch.mutation].says
        yield f"| {catch.mutation} | {says} | {seed} | {', '.join(catch.checkers)} |"
    yield from ("", "## What is not held", "", *NOT_HELD.splitlines())
    yield from ("", "## Found", "")
    found = [f"    {line}" for run in campaign.faulty for line in told(run)]
    yield from found or ["Nothing."]
    yield from ("", "## Taken on", "", *(f"    {line}" for line in machine.lines()))


def _from_docs() -> Mapping[str, str]:
    """Give what the checkers of a whole run say of themselves."""
    return {name: (holds.__doc__ or "").partition("\n")[0] for name, holds in CHECKERS.items()}


def _listed(counts: Counter[str]) -> str:
    return ", ".join(f"{name} {times:,}" for name, times in counts.most_common())


def _now() -> str:
    return time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime())
