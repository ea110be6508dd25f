"""What is for sale, and what people ask for: drawn from the seed and from what their screen shows.

Owns: the event's lots and the drawing of each role's commands. Invariant: most commands are lawful
where the screen is fresh, some are not; every max and every reserve is a number that nobody else
has a reason to write. Source: PROTOCOL 3, RULES.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from typing import Any

import attrs

from saleroom.auction.roles import Role
from tests.sim.screen import RUNNING, Screen

Command = dict[str, Any]
Draw = Callable[["Writer", Screen], Command | None]

EVENT = "gala"
HOUSE = "the house"
FIRST_PADDLE = 101
SECRET_STEP = 100_000
HOUSE_KINDS = ("retract_bids", "offer_runner_up", "add_lot", "change_lot", "set_soft_close")
GUESTS = 3
"""Users without a paddle at first, whom the desk may register."""


@attrs.define(eq=False)
class Secrets:
    """Numbers that only their owner may read, by number; a reserve's is the house, no user."""

    rng: random.Random
    owners: dict[int, str] = attrs.field(factory=dict)

    def draw(self, owner: str, least: int) -> int:
        """Give a number above `least` that no ladder leads to."""
        while True:
            number = least + self.rng.randrange(1, SECRET_STEP)
            if number % 10 in (1, 3, 7, 9) and number >= 10_000 and number not in self.owners:
                self.owners[number] = owner
                return number


def draw_lots(rng: random.Random, now_ms: int, active_s: float, secrets: Secrets) -> list[Command]:
    """Define the lots of an evening: some of each mode."""
    end = now_ms + int(active_s * 1_000)
    lots: list[Command] = []

    def add(mode: str, **more: Any) -> None:
        number = len(lots) + 1
        given = {name: value for name, value in more.items() if value is not None}
        lots.append({"lot": number, "title": f"Lot {number}", "mode": mode} | given)

    def maybe(value: Any) -> Any:
        return value if rng.random() < 0.4 else None

    for _ in range(rng.randint(1, 3)):
        opening = rng.choice((1_000, 10_000, 50_000))
        reserve = maybe(secrets.draw(HOUSE, opening))
        starts_at = maybe(now_ms + rng.randrange(1, int(active_s * 500)))
        add(
            "silent",
            opening=opening,
            reserve=reserve,
            buy_now=maybe((reserve or opening) + 300_000),
            starts_at=starts_at,
            ends_at=rng.randrange((starts_at or now_ms) + 1_000, end + 1_000),
            soft_close=maybe({"window": 5_000, "extension": rng.choice((2_000, 5_000))}),
            group=maybe("a"),
            donor_paddle=maybe(FIRST_PADDLE),
        )
    for _ in range(rng.randint(1, 2)):
        opening = rng.choice((1_000, 10_000))
        reserve = maybe(secrets.draw(HOUSE, opening))
        add("live", opening=opening, reserve=reserve, quantity=rng.choice((1, 1, 3)))
    add("sale", opening=2_500, quantity=rng.choice((0, 2, 6)))
    add("pledge", opening=1_000, levels=rng.choice(([], [5_000, 25_000])), goal=maybe(500_000))
    return lots


@attrs.define(eq=False)
class Writer:
    """Draws the commands of one person. paddles: those there are at the beginning."""

    rng: random.Random
    user: str
    role: Role
    paddles: list[int]
    secrets: Secrets
    poison: float
    now_ms: Callable[[], int]

    def draw(self, screen: Screen) -> Command | None:
        """Give a command that fits the role, None when there is nothing to ask for."""
        drawers = DRAWERS[self.role]
        if self.role is Role.AUCTIONEER and screen.status == "published":
            return _conduct(self, screen)
        draw = self.rng.choices(list(drawers), list(drawers.values()))[0]
        return draw(self, screen)

    def lot(self, screen: Screen, mode: str | None = None, *states: str) -> int | None:
        """Pick a lot of a mode in one of these states, None without one."""
        fitting = [
            number
            for number, lot in screen.lots.items()
            if mode in (None, lot["mode"]) and (not states or lot["state"] in states)
        ]
        return self.rng.choice(fitting) if fitting else None

    def paddle(self) -> int:
        return self.rng.choice(self.paddles)

    def least(self, screen: Screen, lot: int) -> int:
        """Give what the next bid may be, as the screen has it."""
        known = screen.lots[lot]
        return int(known.get("min_next") or (known.get("price") or 1_000) + 5_000)


def _about(lot: int | None, kind: str, **fields: Any) -> Command | None:
    """Give a command about a lot, None without a lot."""
    return None if lot is None else {"type": kind, "lot": lot, **fields}


def _place_bid(writer: Writer, screen: Screen) -> Command | None:
    rng, lot = writer.rng, writer.lot(screen, writer.rng.choice(("silent", "live")), *RUNNING)
    if lot is None:
        return None
    least = writer.least(screen, lot)
    amount = rng.choice((least, least, least, least + rng.randrange(20_000), least - 1, 350_000))
    return {"type": "place_bid", "lot": lot, "amount": amount}


def _set_max_bid(writer: Writer, screen: Screen) -> Command | None:
    lot = writer.lot(screen, "silent", *RUNNING) or writer.lot(screen, "live", "queued")
    if lot is None:
        return None
    maximum = writer.secrets.draw(writer.user, writer.least(screen, lot))
    return {"type": "set_max_bid", "lot": lot, "max": maximum}


def _buy(writer: Writer, screen: Screen) -> Command | None:
    if writer.rng.random() < 0.1:
        return _about(writer.lot(screen, "silent", *RUNNING), "buy")
    units = writer.rng.randint(1, 2)
    return _about(writer.lot(screen, "sale", *RUNNING), "buy", units=units)


def _pledge(writer: Writer, screen: Screen) -> Command | None:
    lot, rng = writer.lot(screen, "pledge", *RUNNING), writer.rng
    if lot is None:
        return None
    level, confirm = rng.choice((5_000, 25_000)), rng.random() < 0.5
    return {"type": "pledge", "lot": lot, "level": level, "confirm": confirm}


def _choose_units(writer: Writer, screen: Screen) -> Command | None:
    units = writer.rng.randint(1, 3)
    return _about(writer.lot(screen, "live", "sold"), "choose_units", units=units)


def _answer_offer(writer: Writer, screen: Screen) -> Command | None:
    if not screen.offers:
        return None
    lot = writer.rng.choice(list(screen.offers))
    return {"type": "answer_offer", "lot": lot, "accept": writer.rng.random() < 0.7}


def _on_behalf(draw: Draw) -> Draw:
    def drawn(writer: Writer, screen: Screen) -> Command | None:
        command = draw(writer, screen)
        if command is None:
            return None
        paddle = writer.paddle()
        if "max" in command:
            writer.secrets.owners[command["max"]] = f"donor{paddle - FIRST_PADDLE}"
        return command | {"paddle": paddle}

    return drawn


def _floor_bid(writer: Writer, screen: Screen) -> Command | None:
    lot = writer.lot(screen, "live", *RUNNING)
    if lot is None:
        return None
    paddle = {"paddle": writer.paddle()} if writer.rng.random() < 0.6 else {}
    return {"type": "floor_bid", "lot": lot} | paddle


def _floor_step(writer: Writer, screen: Screen) -> Command | None:
    """Name the paddle of a floor bid, or change the ask."""
    lot = writer.lot(screen, "live", *RUNNING)
    if lot is None:
        return None
    if _is_unnamed(screen.lots[lot]):
        return {"type": "assign_floor", "lot": lot, "paddle": writer.paddle()}
    return {"type": "set_ask", "lot": lot, "ask": writer.least(screen, lot) + 500}


def _is_unnamed(lot: Mapping[str, Any]) -> bool:
    """Say whether a floor bid without a paddle stands."""
    return lot.get("price") is not None and lot.get("leader") is None


def _run_lot(writer: Writer, screen: Screen) -> Command | None:
    """Bring a live lot one step further."""
    lot = writer.lot(screen, "live", *RUNNING)
    if lot is None:
        return _about(writer.lot(screen, "live", "queued"), "open_lot")
    state, rng = screen.lots[lot]["state"], writer.rng
    if state == "final_call" or rng.random() < 0.1:
        if screen.lots[lot].get("leader") is None:
            return {"type": "pass_lot", "lot": lot}
        return {"type": "sell_lot", "lot": lot, "override_reserve": rng.random() < 0.5}
    return {"type": "fair_warning" if state == "open" else "final_call", "lot": lot}


def _correct(writer: Writer, screen: Screen) -> Command | None:
    rng = writer.rng
    kind = rng.choice(("undo", "undo", "void_pledge", "reopen_lot", "withdraw_lot"))
    if kind == "void_pledge":
        seqs = screen.pledges[-5:]
        return {"type": kind, "seq": rng.choice(seqs), "reason": "a mistake"} if seqs else None
    lot = writer.lot(screen, None if kind == "withdraw_lot" else "live")
    if lot is None or (kind == "withdraw_lot" and rng.random() < 0.8):
        return None
    return {"type": kind, "lot": lot} | ({} if kind == "undo" else {"reason": "a mistake"})


def _lock(writer: Writer, screen: Screen) -> Command | None:
    rng = writer.rng
    if rng.random() < 0.3:
        return _about(writer.lot(screen, "live"), "lock_remote", on=rng.random() < 0.4)
    if rng.random() < 0.6:
        return {"type": "unlock_paddle", "paddle": writer.paddle()}
    ban = writer.role is not Role.CLERK and rng.random() < 0.3
    return {"type": "lock_paddle", "paddle": writer.paddle(), "reason": "a word"} | (
        {"ban": True} if ban else {}
    )


def _announce(writer: Writer, screen: Screen) -> Command | None:
    rng = writer.rng
    if rng.random() < writer.poison:
        return {"type": "announce", "text": rng.choice(("poison once", "poison always"))}
    return {"type": "announce", "text": "dinner is served"}


def _conduct(writer: Writer, screen: Screen) -> Command | None:
    """Open, pause and resume the event, or move a lot's end."""
    if screen.status == "published":
        return {"type": "open_event"}
    if screen.status == "paused":
        return {"type": "resume_event"}
    if writer.rng.random() < 0.3:
        return {"type": "pause_event", "reason": "a speech"}
    lot = writer.lot(screen, "silent", *RUNNING)
    if lot is None or screen.lots[lot]["ends_at"] is None:
        return None
    ends_at = screen.lots[lot]["ends_at"] + writer.rng.randrange(5_000)
    return {"type": "extend_lot", "lot": lot, "ends_at": ends_at}


def _fund(writer: Writer, screen: Screen) -> Command | None:
    lot = writer.lot(screen, "pledge", *RUNNING)
    if lot is None:
        return None
    if writer.rng.random() < 0.5:
        return {"type": "set_match", "lot": lot, "ratio_percent": 50, "cap": 40_000}
    return {"type": "set_challenge", "lot": lot, "threshold": 60_000, "amount": 30_000}


def _register(writer: Writer, screen: Screen) -> Command | None:
    rng = writer.rng
    if rng.random() < 0.5:
        guest = f"guest{rng.randrange(GUESTS)}"
        return {"type": "add_paddle", "user": guest, "name": "A guest"}
    changes = rng.choice(({"limit": 2_000_000}, {"terms_version": 1}, {"table": "7"}))
    return {"type": "change_paddle", "paddle": writer.paddle()} | changes


def _change_terms_of_sale(writer: Writer, screen: Screen) -> Command | None:
    rng, now = writer.rng, writer.now_ms()
    kind = rng.choice(
        ("retract_bids", "offer_runner_up", "add_lot", "change_lot", "set_soft_close")
    )
    if kind == "set_soft_close":
        return {
            "type": kind,
            "window": 5_000,
            "extension": rng.choice((3_000, 4_000)),
            "from": "end",
        }
    if kind == "add_lot":
        later = {"ends_at": now + rng.randrange(5_000, 30_000), "starts_at": now + 2_000}
        reserve = writer.secrets.draw(HOUSE, 5_000)
        return (
            {"type": kind, "title": "Late", "mode": "silent", "opening": 5_000}
            | later
            | ({"reserve": reserve})
        )
    lot = writer.lot(screen, None, *(("queued",) if kind == "change_lot" else ()))
    if lot is None:
        return None
    if kind == "change_lot":
        return {"type": kind, "lot": lot, "title": "Another"}
    more = {"paddle": writer.paddle()} if kind == "retract_bids" else {}
    return {"type": kind, "lot": lot, "reason": "a default"} | more


_DONORS: Mapping[Draw, float] = {
    _place_bid: 6.0,
    _set_max_bid: 3.0,
    _buy: 1.0,
    _pledge: 1.5,
    _choose_units: 0.3,
    _answer_offer: 0.5,
}
_CLERKS: Mapping[Draw, float] = {
    **{_on_behalf(draw): share / 6 for draw, share in _DONORS.items()},
    _floor_bid: 3.0,
    _floor_step: 1.0,
    _run_lot: 2.0,
    _correct: 1.0,
    _lock: 0.6,
    _announce: 0.5,
}
_AUCTIONEERS: Mapping[Draw, float] = {
    _floor_bid: 1.0,
    _run_lot: 5.0,
    _conduct: 1.5,
    _fund: 0.5,
    _correct: 0.5,
    _announce: 0.5,
}
_ADMINS: Mapping[Draw, float] = {
    _register: 1.0,
    _change_terms_of_sale: 1.5,
    _lock: 0.5,
    _announce: 0.5,
}
DRAWERS: Mapping[Role, Mapping[Draw, float]] = {
    Role.DONOR: _DONORS,
    Role.CLERK: _CLERKS,
    Role.AUCTIONEER: _AUCTIONEERS,
    Role.ADMIN: _ADMINS,
}
