"""The gala of the demo: its lots and its guests.

Owns: invented data. Invariant: 20 silent lots, 6 live lots, a fund, two sale lots and 40 registered
paddles, all lawful.
"""

from __future__ import annotations

from typing import Any

CURRENCY = "USD"
TITLE = "Harbour Lights Gala"
DETAILS = {
    "venue": "The Old Customs House",
    "locale": "en-US",
    "time_zone": "America/New_York",
    "organisation": "Friends of the Harbour",
    "address": "1 Pier Road\nHarbourtown",
    "tax_number": "12-3456789",
    "contact": "desk@gala.example",
}

SILENT = [
    ("Sunrise kayak tour for two", 4_000),
    ("Signed first edition, sea stories", 6_500),
    ("Dinner for four at the Old Mill", 12_000),
    ("Hand-thrown stoneware set", 3_500),
    ("Weekend in a lighthouse keeper's cottage", 25_000),
    ("Ten yoga classes", 5_000),
    ("A year of bread", 8_000),
    ("Portrait sitting with a photographer", 10_000),
    ("Family pass, natural history museum", 4_500),
    ("Sailing lesson for beginners", 7_000),
    ("Crate of orchard cider", 2_500),
    ("Piano tuning and a private recital", 9_000),
    ("Quilt sewn by forty volunteers", 15_000),
    ("Bicycle, fully serviced", 11_000),
    ("Beehive adoption", 3_000),
    ("Two seats at the opera", 14_000),
    ("Chess afternoon with a grandmaster", 6_000),
    ("Wool coat, made to measure", 30_000),
    ("Garden planned by a landscape designer", 20_000),
    ("Night at the observatory", 5_500),
]

LIVE = [
    ("A week in a Tuscan farmhouse", 150_000),
    ("The chef cooks at your home, twelve guests", 80_000),
    ("Painting: Harbour in Winter", 120_000),
    ("Name the new rescue boat", 200_000),
    ("Vintage motorcycle, 1962", 250_000),
    ("Walk-on part at the city theatre", 50_000),
]

FUND = ("Fund the rescue boat's engine", [2_500, 5_000, 10_000, 25_000, 100_000], 2_000_000)

SALE = [("Raffle ticket", 2_000, 200), ("Bottle from the mystery crate", 4_500, 24)]

GIVEN = [
    "Ada", "Ben", "Clara", "David", "Elena", "Farid", "Grace", "Hugo", "Ines", "Jonas",
    "Kemi", "Liam", "Maya", "Noah", "Olga", "Pablo", "Quinn", "Rosa", "Samir", "Tessa",
]  # fmt: skip
FAMILY = ["Berg", "Okafor"]

SILENT_FIRST_END_MS, SILENT_GAP_MS = 180_000, 20_000


def lots(now_ms: int, speed: int = 1) -> list[dict[str, Any]]:
    """Give the lots in running order; silent ends are staggered from three minutes on.

    speed: so many times as early.
    """
    window = max(1_000, 15_000 // speed)
    silent = [
        {
            "lot": number,
            "title": title,
            "mode": "silent",
            "opening": opening,
            "fmv": opening * 3 // 2,
            "ends_at": now_ms + (SILENT_FIRST_END_MS + number * SILENT_GAP_MS) // speed,
            "soft_close": {"window": window, "extension": window, "cap": 4 * window},
        }
        for number, (title, opening) in enumerate(SILENT, 1)
    ]
    silent[4] |= {"reserve": 40_000}
    silent[16] |= {"buy_now": 30_000}
    live = [
        {
            "lot": number,
            "title": title,
            "mode": "live",
            "opening": opening,
            "fmv": opening * 2,
        }
        for number, (title, opening) in enumerate(LIVE, len(SILENT) + 1)
    ]
    title, levels, goal = FUND
    after = len(SILENT) + len(LIVE) + 1
    fund = {
        "lot": after,
        "title": title,
        "mode": "pledge",
        "opening": min(levels),
        "levels": levels,
        "goal": goal,
    }
    sale = [
        {"lot": number, "title": title, "mode": "sale", "opening": price, "quantity": quantity}
        for number, (title, price, quantity) in enumerate(SALE, after + 1)
    ]
    return [*silent, *live, fund, *sale]


def contact(paddle: int, user: str) -> tuple[str, str]:
    """Give a guest's e-mail address and phone, neither of which anybody has (RFC 2606, NANP)."""
    return f"{user}@gala.example", f"+1202555{paddle:04}"


def guests() -> list[tuple[int, str, str]]:
    """Give paddle, user and name of everyone registered."""
    names = [f"{given} {family}" for family in FAMILY for given in GIVEN]
    return [
        (number, name.lower().replace(" ", "."), name) for number, name in enumerate(names, 101)
    ]
