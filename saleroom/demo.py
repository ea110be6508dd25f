"""The demo: a whole gala on this machine, with donors that really bid and lots that really sell.

Owns: the simulated guests and the auctioneer's script. Invariant: they are clients like any other,
over websockets, with tokens and rules; nothing is faked. Source: PROTOCOL.
"""

from __future__ import annotations

import random
import secrets
from collections.abc import Callable
from typing import Any

import attrs
import trio

from saleroom import demo_gala
from saleroom.app import Server
from saleroom.auction.definition import define_event, define_lot, lot_plain
from saleroom.auction.roles import Role
from saleroom.auction.state import Paddle
from saleroom.client import Client, Message, NoAnswer, event_url, open_client
from saleroom.first_admin import appoint
from saleroom.storage.ports import EventRow, LotRow, Registration
from saleroom.story import Story

TOKEN_TTL_S = 12 * 3600
AUCTIONEER, CLERK, ADMIN = "gwen.auctioneer", "carl.clerk", "ada.admin"
ADMIN_EMAIL, ADMIN_NAME = "ada@gala.example", "Ada Admin"


@attrs.frozen
class Pace:
    """How fast the room is, in seconds.

    think: a donor between two bids, from and to. call: between two live lots. live_bids: before the
    first warning. quiet: after each warning. gifts: the share of pledges and purchases.
    """

    think: tuple[float, float] = (1.0, 9.0)
    call: float = 2.0
    live_bids: float = 12.0
    quiet: float = 3.0
    gifts: float = 0.02

    def faster(self, speed: int) -> Pace:
        """Give the same room, so many times as fast."""
        think = (self.think[0] / speed, self.think[1] / speed)
        call, live_bids, quiet = self.call, self.live_bids, self.quiet
        return Pace(think, call / speed, live_bids / speed, quiet / speed, self.gifts)


async def create_gala(server: Server, speed: int = 1) -> str:
    """Put the gala into catalogue and journal, open to everyone; give its id.

    speed: so many times as early its silent lots end.
    """
    stores, now = server.registry.stores, server.registry.clock.now_ms()
    event_id = f"gala-{secrets.token_hex(2)}"
    event = define_event({"id": event_id, "title": demo_gala.TITLE, "currency": demo_gala.CURRENCY})
    lots = [define_lot(raw) for raw in demo_gala.lots(now, speed)]
    guests = demo_gala.guests()
    await stores.catalogue.add_event(
        EventRow(
            event_id,
            event.title,
            event.currency,
            "published",
            True,
            {},
            now,
            details=demo_gala.DETAILS,
        )
    )
    for lot in lots:
        await stores.catalogue.add_lot(event_id, LotRow(lot.lot, lot_plain(lot), {}))
    for number, user, name in guests:
        row = Registration(number, user, name, *demo_gala.contact(number, user))
        await stores.catalogue.put_registration(event_id, row)
    paddles = [Paddle(n, user, terms_version=event.terms_version) for n, user, _ in guests]
    await server.registry.begin(event, lots, paddles, ADMIN)
    return event_id


async def appoint_admin(server: Server) -> str:
    """Give the demo's admin an account that may do everything, and its password of this day."""
    password = secrets.token_urlsafe(12)
    hashed = await server.accounts.passwords.hash(password)
    await appoint(
        server.registry.stores.accounts,
        ADMIN_EMAIL,
        ADMIN_NAME,
        hashed,
        [Role.ADMIN, Role.OPERATOR],
        server.registry.clock.now_ms(),
    )
    return password


@attrs.define(eq=False)
class Room:
    """The people of the demo. tell: prints a line."""

    server: Server
    event: str
    tell: Callable[[str], None]
    rng: random.Random = attrs.field(factory=random.Random)
    pace: Pace = attrs.field(factory=Pace)
    closed: trio.Event = attrs.field(init=False, factory=trio.Event)

    @property
    def url(self) -> str:
        """The event's websocket address."""
        return event_url(f"http://127.0.0.1:{self.server.port}", self.event)

    def token(self, user: str, role: Role) -> str:
        """Sign a token for one of the demo's people."""
        return self.server.issuer.issue(user, [role], TOKEN_TTL_S)

    async def run(self, *, with_donors: bool) -> None:
        """Hold the sale: the auctioneer works through the live lots, donors bid on everything."""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self.report)
            if with_donors:
                for _, user, _ in demo_gala.guests():
                    nursery.start_soon(self.donate, user)
            await self.call_lots()

    async def report(self) -> None:
        """Print what happens, as a spectator sees it."""
        story = Story()

        def show(message: Message) -> None:
            if message["type"] in ("welcome", "presence"):
                list(story.lines(message))
                return
            for line in story.lines(message):
                self.tell(line)

        async with open_client(self.url, on_message=show):
            await trio.sleep_forever()

    # The auctioneer

    async def call_lots(self) -> None:
        """Open the event and sell the live lots one after the other."""
        screen = Screen()
        token = self.token(AUCTIONEER, Role.AUCTIONEER)
        async with open_client(self.url, token, feed="full", on_message=screen.see) as client:
            await client.ask("open_event")
            await client.ask("announce", text="Welcome! Silent lots are open; live lots follow.")
            for number in sorted(n for n, lot in screen.lots.items() if lot["mode"] == "live"):
                await trio.sleep(self.pace.call)
                await self._sell(client, screen, number)
            await client.ask("announce", text="All live lots are done. Silent lots close soon.")
            await self._close(client, screen)

    async def _close(self, client: Client, screen: Screen) -> None:
        """Close the sale once the last silent lot has ended."""
        while True:
            silent = [lot for lot in screen.lots.values() if lot["mode"] == "silent"]
            if all(lot["state"] not in ("queued", "open") for lot in silent):
                break
            await trio.sleep(self.pace.call)
        await client.ask("close_event")
        self.closed.set()

    async def _sell(self, client: Client, screen: Screen, number: int) -> None:
        """Call one lot: two warnings after a quiet moment, then the hammer or a pass."""
        await client.ask("open_lot", lot=number)
        await trio.sleep(self.pace.live_bids)
        while True:
            count = screen.lots[number]["bid_count"]
            for warning in ("fair_warning", "final_call"):
                await client.ask(warning, lot=number)
                await trio.sleep(self.pace.quiet)
            if screen.lots[number]["bid_count"] == count:
                break
        lot = screen.lots[number]
        if lot["leader"] is None:
            await client.ask("pass_lot", lot=number)
            return
        answer = await client.ask(
            "sell_lot", lot=number, expect_paddle=lot["leader"], expect_amount=lot["price"]
        )
        if answer["type"] == "nack":
            await self._sell(client, screen, number)

    # The donors

    async def donate(self, user: str) -> None:
        """Bid now and then, on what is open and affordable, as one guest."""
        screen = Screen()
        purse = self.rng.choice([30_000, 60_000, 120_000, 250_000, 500_000])
        token = self.token(user, Role.DONOR)
        async with open_client(self.url, token, on_message=screen.see) as client:
            while True:
                await trio.sleep(self.rng.uniform(*self.pace.think))
                if self.rng.random() < self.pace.gifts:
                    await self._give(client, screen, purse)
                elif (lot := self._wish(screen, purse)) is not None:
                    await self._bid(client, lot)

    def _wish(self, screen: Screen, purse: int) -> Message | None:
        paddle = screen.paddle
        wanted = [
            lot
            for lot in screen.lots.values()
            if lot["mode"] in ("live", "silent")
            and lot["state"] in ("open", "fair_warning", "final_call")
            and lot["min_next"] <= purse
            and lot["leader"] != paddle
        ]
        live = [lot for lot in wanted if lot["mode"] == "live"]
        return self.rng.choice(live or wanted) if wanted else None

    async def _bid(self, client: Client, lot: Message) -> None:
        least = lot["min_next"]
        try:
            if lot["mode"] == "silent" and self.rng.random() < 0.3:
                await client.ask("set_max_bid", lot=lot["lot"], max=least * 3 // 2 // 500 * 500)
            else:
                await client.ask("place_bid", lot=lot["lot"], amount=least)
        except NoAnswer as silence:
            self.tell(f"        {silence}")

    async def _give(self, client: Client, screen: Screen, purse: int) -> None:
        """Pledge, or buy at a fixed price; a refusal is left alone, as a guest would."""
        open_lots = [lot for lot in screen.lots.values() if lot["state"] == "open"]
        gifts = [lot for lot in open_lots if lot["mode"] in ("pledge", "sale")]
        if not gifts:
            return
        lot = self.rng.choice(gifts)
        try:
            if lot["mode"] == "sale":
                await client.ask("buy", lot=lot["lot"])
            else:
                levels = [level for level in demo_gala.FUND[1] if level <= purse]
                await client.ask("pledge", lot=lot["lot"], level=self.rng.choice(levels))
        except NoAnswer as silence:
            self.tell(f"        {silence}")


class Screen:
    """What one client's screen shows: the snapshot, moved on by the feed."""

    def __init__(self) -> None:
        self.lots: dict[int, dict[str, Any]] = {}
        self.paddle: int | None = None

    def see(self, message: Message) -> None:
        """Take one message."""
        if message["type"] == "welcome":
            self.paddle = message["you"]["paddle"]
            if "snapshot" in message:
                self.lots = {lot["lot"]: dict(lot) for lot in message["snapshot"]["lots"]}
        elif message["type"] == "feed":
            for fact in message["events"]:
                if fact.get("lot") in self.lots:
                    self._change(self.lots[fact["lot"]], fact)

    @staticmethod
    def _change(lot: dict[str, Any], fact: Message) -> None:
        kind = fact["type"]
        if kind == "bid_placed":
            lot |= {
                "state": "open",
                "price": fact["amount"],
                "leader": fact["paddle"],
                "min_next": fact["min_next"],
                "bid_count": fact["bid_count"],
            }
        elif kind in _STATES:
            lot["state"] = _STATES[kind]
        elif kind == "lot_warned":
            lot["state"] = fact["stage"]
        elif kind in ("bid_undone", "bids_retracted"):
            lot |= {name: fact[name] for name in ("price", "leader", "min_next")}


_STATES = {
    "lot_opened": "open",
    "lot_reopened": "open",
    "item_sold": "sold",
    "lot_passed": "passed",
    "lot_withdrawn": "withdrawn",
}
