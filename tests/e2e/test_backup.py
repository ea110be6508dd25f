"""The drill: back up while donors bid, lose everything, restore elsewhere, and go on."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import attrs
import httpx
import orjson
import pytest
import trio

from saleroom.auction.roles import Role
from saleroom.backup_file import reading
from saleroom.client import Client, Message, NoAnswer, open_client
from tests.e2e.progress import Progress
from tests.e2e.server import ROOT, START_S, ServerProcess, running_server
from tests.servers import short_folder
from tools.golden_data import EXPECTED, GOLDEN, look, next_folder, put_together

DONORS = 4
BIDS_BEFORE, BIDS_DURING = 60, 20
COMMAND_S = 60.0


@attrs.define(eq=False)
class Donor:
    """A donor who bids without pause on a lot of their own. lost: their journal went back."""

    lot: int
    progress: Progress
    acked: list[Message] = attrs.field(factory=list)
    welcomes: list[Message] = attrs.field(factory=list)
    feeds: list[tuple[int, int]] = attrs.field(factory=list)
    client: Client | None = None

    @property
    def user(self) -> str:
        return f"user{self.lot}"

    def hear(self, message: Message) -> None:
        if message["type"] == "welcome":
            self.welcomes.append(message)
            self.feeds = []
        elif message["type"] == "feed":
            self.feeds.append((message["from"], message["to"]))
        self.progress.made()

    async def hold(self, server: ServerProcess, event: str) -> None:
        """Stay connected and bid until cancelled, over whatever becomes of the server."""
        token = server.token(self.user, Role.DONOR)
        url = server.event_url(event)
        async with open_client(url, token, on_message=self.hear) as client:
            self.client = client
            amount = 1_000
            for number in range(1_000_000):
                command = f"{self.user}-{number}"
                try:
                    answer = await client.ask("place_bid", id=command, lot=self.lot, amount=amount)
                except NoAnswer:
                    continue
                if answer["type"] == "ack":
                    self.acked.append(answer)
                    self.progress.made()
                elif "retry_after_ms" in answer:
                    await trio.sleep(answer["retry_after_ms"] / 1000)
                amount = answer.get("min_next", amount)


async def saleroom(folder: Path, *arguments: str, **settings: str) -> tuple[int, str, str]:
    """Run a command in a process of its own; give its exit status and what it printed."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("SALEROOM_")}
    environment |= {"SALEROOM_DATA_DIR": str(folder), **settings}
    with trio.fail_after(COMMAND_S):
        done = await trio.run_process(
            [sys.executable, "-m", "saleroom", *arguments],
            capture_stdout=True,
            capture_stderr=True,
            check=False,
            env=environment,
            cwd=ROOT,
        )
    return done.returncode, done.stdout.decode(), done.stderr.decode()


async def journal_of(server: ServerProcess, event: str) -> list[Message]:
    headers = {"Authorization": f"Bearer {server.token('root', Role.ADMIN)}"}
    facts: list[Message] = []
    after: int | None = 0
    async with httpx.AsyncClient(timeout=START_S) as http:
        while after is not None:
            url = f"{server.url}/api/v1/events/{event}/journal?after={after}&limit=1000"
            page = (await http.get(url, headers=headers)).json()
            facts += page["facts"]
            after = page["next"]
    return facts


async def test_a_destroyed_deployment_goes_on_from_its_backup(tmp_path: Path) -> None:
    progress = Progress()
    donors = [Donor(lot, progress) for lot in range(1, DONORS + 1)]
    file = tmp_path / "gala.backup"

    def bids() -> int:
        return sum(len(donor.acked) for donor in donors)

    async with running_server() as (server, nursery):
        event = await open_sale(server)
        async with trio.open_nursery() as bidding:
            for donor in donors:
                bidding.start_soon(donor.hold, server, event)
            await progress.until(lambda: bids() >= BIDS_BEFORE)
            before = [answer for donor in donors for answer in donor.acked]
            status, said, complaint = await saleroom(server.folder, "backup", "--output", str(file))
            assert status == 0, complaint
            after = bids()
            await progress.until(lambda: bids() >= after + BIDS_DURING)
            old_epochs = {donor.welcomes[-1]["epoch"] for donor in donors}
            await server.kill()
            last_told = max(donor.client.seq for donor in donors if donor.client)
            with reading(file) as backup:
                (standing,) = backup.manifest.events
            assert f"event {event}: {standing.facts} facts, head {standing.head}" in said
            lost = server.folder.rename(server.folder.with_name("lost"))
            server.folder = lost.with_name("other")

            status, said, complaint = await saleroom(server.folder, "restore", str(file))
            assert (status, complaint) == (0, "")
            assert f"event {event}: {standing.facts} facts" in said
            assert "1 of 1 events are whole" in said
            assert list(server.folder.glob("*.new")) == []

            for donor in donors:
                donor.welcomes.clear()
            mark = bids()
            await server.start(nursery)
            await progress.until(lambda: all(donor.welcomes for donor in donors))
            await progress.until(lambda: bids() >= mark + BIDS_DURING)
            bidding.cancel_scope.cancel()
        facts = await journal_of(server, event)

    by_command = {fact["command"]: fact for fact in facts if fact["type"] == "bid_placed"}
    assert len(before) >= BIDS_BEFORE
    for answer in before:
        assert by_command[answer["re"]]["seq"] == answer["seq"]
        assert by_command[answer["re"]]["hash"] == answer["hash"]
    restored = facts[standing.facts - 1]
    assert restored["hash"] == standing.head
    assert restored["seq"] < last_told, "nothing was lost: the drill shows nothing"
    seqs = [fact["seq"] for fact in facts if fact["seq"] is not None]
    assert seqs == list(range(1, len(seqs) + 1))
    for donor in donors:
        welcome = donor.welcomes[0]
        assert welcome["recovered"] is False
        assert welcome["epoch"] not in old_epochs
        assert welcome["seq"] >= restored["seq"]
        assert welcome["snapshot"]["lots"]
        expected = welcome["seq"] + 1
        for first, last in donor.feeds:
            assert first == expected
            expected = last + 1


@pytest.mark.parametrize("golden", sorted(GOLDEN.glob("data-*")), ids=lambda path: path.name)
async def test_what_an_earlier_release_left_is_restored_and_served(
    tmp_path: Path, golden: Path
) -> None:
    file = tmp_path / "golden.backup"
    put_together(golden, file)
    expected = orjson.loads((golden / EXPECTED).read_bytes())
    event = expected["event"]
    with short_folder() as folder:
        server = ServerProcess(folder / "data", {})
        status, said, complaint = await saleroom(server.folder, "restore", str(file))
        assert (status, complaint) == (0, "")
        assert "1 of 1 events are whole" in said
        async with trio.open_nursery() as nursery:
            await server.start(nursery)
            seen = await look(server, event)
            assert seen == expected | {"seq": seen["seq"]}
            url, token = server.event_url(event), server.token("cy", Role.DONOR)
            async with open_client(url, token) as cy:
                welcome = await cy.ready()
                assert welcome["seq"] >= expected["seq"]
                answer = await cy.ask("place_bid", lot=1, amount=60_000)
                assert answer["leading"] is True
                assert answer["seq"] == welcome["seq"] + 1
            assert await server.stop() == 0
            nursery.cancel_scope.cancel()


def test_golden_data_is_never_written_twice(tmp_path: Path) -> None:
    assert list(GOLDEN.glob("data-*")), "there is no golden data"
    assert not next_folder(GOLDEN).exists()
    assert next_folder(tmp_path).name == "data-0001"
    for name in ("data-0001", "data-0007"):
        (tmp_path / name).mkdir()
    assert next_folder(tmp_path).name == "data-0008"


async def open_sale(server: ServerProcess) -> str:
    """Open a sale with a lot for each donor."""
    lots = [
        {"lot": number, "title": f"Lot {number}", "mode": "silent", "opening": 1_000}
        for number in range(1, DONORS + 1)
    ]
    event = await server.create_event(lots, [f"user{lot['lot']}" for lot in lots])
    opening = {"type": "open_event"}
    await server.post(f"/events/{event}/commands", opening, "gus", Role.AUCTIONEER)
    return event
