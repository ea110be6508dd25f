"""A gala in mid-sale, with a lot of each kind and a title that nobody would want.

Owns: what stands on the pages when they are looked at. Invariant: all of it is made over HTTP, as
an organiser's would be. Must not know: any page. Source: issue 7, "a long, hostile lot title".
"""

from __future__ import annotations

import time
from typing import Any, Final

import attrs

from tests.browser.house import House

HOUR_MS: Final = 3_600_000
HOSTILE: Final = (
    '<img src=x onerror="document.title=\'taken\'"><script>document.title="taken"</script>'
    "</title></script>{{constructor.constructor('1')()}} & \"quoted\" 'single' `back` "
    "\u202eright to left\u202c \u05d0\u05d1\u05d2 \u0639\u0631\u0628\u064a "
    "\u200d\u200b\ufeff e\u0301\u0302\u0303\u0304 \U0001f1fa\U0001f1f8\U0001f469\u200d\U0001f680 "
).ljust(500, "W")
"""HTML, templates, right-to-left overrides, stacked accents, and a word that never breaks."""
LIVE, SILENT, FUND, SALE, HOSTILE_LOT, NEXT = 1, 2, 3, 4, 5, 6
SILENT_PRICE: Final = 6_000


@attrs.frozen
class Scene:
    """An open event. paddles: guests of the desk, without accounts."""

    event: str
    paddles: list[int]


def gala(house: House) -> Scene:
    """Set the scene: lot 1 is in the ring with a floor bid, lot 2 has an online bid."""
    ends_at = int(time.time() * 1000) + HOUR_MS
    lots: list[dict[str, Any]] = [
        {"title": "A week in a Tuscan farmhouse", "opening": 150_000, "description": "For eight."},
        {"title": "Sunrise kayak tour", "mode": "silent", "opening": 5_000, "ends_at": ends_at},
        {
            "title": "A new roof for the shelter",
            "mode": "pledge",
            "opening": 1,
            "levels": [5_000, 10_000, 50_000],
            "goal": 1_000_000,
        },
        {"title": "Raffle ticket", "mode": "sale", "opening": 2_000, "quantity": 50},
        {"title": HOSTILE, "mode": "silent", "opening": 4_000, "ends_at": ends_at},
        {"title": "Name the new rescue boat", "opening": 200_000},
    ]
    event = house.event(*lots, title="Harbour lights gala")
    paddles = house.paddles(event, 4)
    house.open(event)
    house.command(event, "open_lot", lot=LIVE)
    house.command(event, "floor_bid", lot=LIVE, paddle=paddles[0])
    house.command(event, "place_bid", lot=SILENT, paddle=paddles[1], amount=SILENT_PRICE)
    house.command(event, "pledge", lot=FUND, paddle=paddles[2], level=10_000)
    house.command(event, "set_match", lot=FUND, ratio_percent=100, cap=500_000)
    house.command(event, "pledge", lot=FUND, paddle=paddles[3], level=50_000)
    house.command(event, "buy", lot=SALE, paddle=paddles[3])
    house.command(event, "announce", text="Dinner is served in the great hall.")
    return Scene(event, paddles)
