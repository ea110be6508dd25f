"""The demo's whole evening: a sale that closes, is billed, charged, refunded and written about.

The server is a whole one over a real PostgreSQL, its letters and texts go over loopback.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import attrs
import pytest
import trio

from saleroom import demo, demo_evening, demo_gala, receipt_keeper
from saleroom.app import Server, open_server
from saleroom.auction.roles import Role
from saleroom.billing.ledger import Account, balances
from saleroom.config import Settings
from saleroom.demo_evening import ACCOUNT, NUMBER, Surroundings
from saleroom.demo_money import DemoFailed, Treasurer
from saleroom.demo_stripe import localstripe_python
from saleroom.messages.kinds import KINDS
from tests.e2e.progress import Progress

GUARD_S = 60.0
SPEED = 15
"""Of soft closes, which are a second long then."""
FAST = demo.Pace(think=(0.02, 0.1), call=0.01, live_bids=0.2, quiet=0.05, gifts=0.2)


@attrs.define
class Evening:
    """The demo on a stage."""

    server: Server
    surroundings: Surroundings
    told: list[str]
    progress: Progress

    def lines(self, start: str) -> list[str]:
        return [line for line in self.told if line.strip().startswith(start)]


@asynccontextmanager
async def open_evening(settings: Settings) -> AsyncIterator[Evening]:
    """Run a server with what the demo puts round it for the length of the block."""
    told: list[str] = []
    progress = Progress()

    def tell(line: str) -> None:
        told.append(line)
        progress.made()

    surroundings = Surroundings(tell)
    with trio.fail_after(GUARD_S):
        async with (
            surroundings.around(settings) as whole,
            open_server(whole) as server,
            trio.open_nursery() as nursery,
        ):
            await nursery.start(server.run)
            yield Evening(server, surroundings, told, progress)
            await server.stop()


@pytest.fixture
def short_gala(monkeypatch: pytest.MonkeyPatch) -> None:
    """Eight guests, two live lots, and silent lots that end within seconds."""
    monkeypatch.setattr(demo_gala, "FAMILY", ["Berg"])
    monkeypatch.setattr(demo_gala, "GIVEN", demo_gala.GIVEN[:8])
    monkeypatch.setattr(demo_gala, "LIVE", demo_gala.LIVE[:2])
    monkeypatch.setattr(demo_gala, "SILENT_FIRST_END_MS", 700 * SPEED)
    monkeypatch.setattr(demo_gala, "SILENT_GAP_MS", 10 * SPEED)
    monkeypatch.setattr(receipt_keeper, "ROUND_S", 0.2)
    for kind in ("won", "pledge"):
        monkeypatch.setitem(KINDS, kind, attrs.evolve(KINDS[kind], settle_ms=0))


async def test_the_whole_evening(short_gala: None, postgres_dsn: str, tmp_path: Path) -> None:
    assert localstripe_python() is not None, "localstripe is missing: run make install-tests"
    settings = Settings(port=0, data_dir=tmp_path, database_url=postgres_dsn)
    async with open_evening(settings) as evening:
        server, post = evening.server, evening.surroundings.post
        assert post is not None
        event = await demo.create_gala(server, SPEED)
        room = demo.Room(server, event, evening.told.append, pace=FAST)

        def is_done() -> bool:
            receipts = [letter for letter in post.letters if letter.papers]
            return bool(evening.lines("SUMS")) and bool(receipts) and bool(post.texts)

        async with trio.open_nursery() as people:
            people.start_soon(partial(room.run, with_donors=True))
            people.start_soon(evening.surroundings.settle, room)
            await evening.progress.until(is_done)
            people.cancel_scope.cancel()

        billing = server.registry.stores.billing
        entries = await billing.ledger(event, 0, 10_000)
        balance = balances(entry.posting for entry in entries)
        assert sum(balance.values()) == 0
        assert balance[Account.RECEIVABLE] == 0
        assert balance[Account.REFUNDS] == 0
        assert balance[Account.SALES] < 0
        assert balance[Account.PREMIUM] < 0
        assert balance[Account.CLEARING] > 0
    assert evening.lines("6 guests have put a card on file at localstripe")
    assert any("by visa 4242" in line for line in evening.lines("PAID"))
    assert len(evening.lines("BILLED")) == len(evening.lines("REFUND")) == 1
    assert all("(captured)" in line for line in evening.lines("PAID"))
    assert evening.lines("SUMS    unpaid: $0.00")
    receipt = next(letter for letter in post.letters if letter.papers)
    assert receipt.to.endswith("@gala.example")
    assert receipt.subject.startswith("Receipt INV-")
    assert all(text.to.startswith("+12025550") for text in post.texts)


async def test_keys_of_ones_own_are_never_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demo_evening, "localstripe_python", lambda: Path("/nowhere"))
    own = Settings(
        smtp_url="smtp://mail.example",
        mail_from="a@b.example",
        twilio_account="AC1",
        stripe_secret_key="sk_test_own",
    )
    surroundings = Surroundings(print)
    async with surroundings.around(own) as whole:
        assert whole == own
    assert (surroundings.post, surroundings.stripe) == (None, None)


async def test_only_what_is_missing_is_put_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demo_evening, "localstripe_python", lambda: None)
    own = Settings(smtp_url="smtp://mail.example", mail_from="a@b.example")
    surroundings = Surroundings(print)
    async with surroundings.around(own) as whole:
        assert surroundings.post is not None
        assert whole == attrs.evolve(
            own,
            twilio_account=ACCOUNT,
            twilio_token=demo_evening.TOKEN,
            twilio_number=NUMBER,
            twilio_api_base=surroundings.post.twilio_base,
        )


async def test_cards_are_kept_in_the_sandbox_where_nothing_else_is(
    short_gala: None, monkeypatch: pytest.MonkeyPatch, postgres_dsn: str, tmp_path: Path
) -> None:
    monkeypatch.setattr(demo_evening, "localstripe_python", lambda: None)
    settings = Settings(port=0, data_dir=tmp_path, database_url=postgres_dsn)
    async with open_evening(settings) as evening:
        base_url = f"http://127.0.0.1:{evening.server.port}"
        event = await demo.create_gala(evening.server)

        def token(user: str, role: Role) -> str:
            return evening.server.issuer.issue(user, [role], 60)

        await Treasurer(base_url, event, token, evening.told.append).prepare()
        assert evening.lines("6 guests have put a card on file in the sandbox")
        with pytest.raises(DemoFailed, match="UNKNOWN_EVENT"):
            await Treasurer(base_url, "nowhere", token, print).prepare()
