"""A sale goes on while a store is away, and heals by itself when it is back (I7)."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import AbstractAsyncContextManager, contextmanager
from pathlib import Path

import trio

from saleroom.auction.roles import Role
from saleroom.client import Client, Message, open_client
from tests.e2e.server import ServerProcess, running_server
from tests.servers import RealPostgres, short_folder

SILENT = {"lot": 1, "title": "A quilt", "mode": "silent", "opening": 1_000}
BOUND_S = 60.0


async def test_redis_may_be_killed_and_is_refilled() -> None:
    with short_folder() as folder:
        url = f"unix://{folder / 'redis.sock'}"
        with redis(folder) as first:
            async with running_server(SALEROOM_REDIS_URL=url) as (server, _):
                event = await open_sale(server)
                await server.until_ready("ready")
                first.kill()
                first.wait()
                components = await server.until_ready("degraded")
                assert components["redis"].startswith("degraded: ")
                async with client_of(server, event) as ann:
                    answer = await ann.ask("place_bid", lot=1, amount=1_000)
                    assert answer["leading"] is True
                    with redis(folder):
                        assert (await server.until_ready("ready"))["redis"] == "ok"
                        await until_price(server, event, 1_000)
                    await server.until_ready("degraded")
                    assert (await ann.ask("place_bid", lot=1, amount=2_000))["leading"] is True
                assert ann.connections == 1
                assert await server.stop() == 0


async def test_a_server_waits_for_its_database_and_outlives_its_restart() -> None:
    with short_folder() as folder:
        postgres = RealPostgres(folder)
        await trio.to_thread.run_sync(postgres.start)
        await trio.to_thread.run_sync(postgres.stop)
        try:
            async with running_server(SALEROOM_DATABASE_URL=postgres.dsn) as (server, _):
                components = await server.until_ready("away")
                assert components["postgresql"].startswith("away: ")
                await trio.to_thread.run_sync(postgres.start)
                await server.until_ready("ready")
                event = await open_sale(server)
                async with client_of(server, event) as ann:
                    assert await leads(ann, 1_000)
                    await trio.to_thread.run_sync(postgres.stop)
                    await server.until_ready("away")
                    await trio.to_thread.run_sync(postgres.start)
                    assert await leads(ann, 2_000)
                    await server.until_ready("ready")
                assert ann.connections == 1
                facts = await server.facts(event)
                assert facts > 2
                assert await server.stop() == 0
        finally:
            if postgres._launcher is not None:
                await trio.to_thread.run_sync(postgres.stop)


async def open_sale(server: ServerProcess) -> str:
    event = await server.create_event([SILENT], ["ann"])
    path = f"/events/{event}/commands"
    await server.post(path, {"type": "open_event"}, "gus", Role.AUCTIONEER)
    return event


def client_of(server: ServerProcess, event: str) -> AbstractAsyncContextManager[Client]:
    return open_client(server.event_url(event), server.token("ann", Role.DONOR))


async def leads(client: Client, amount: int) -> bool:
    """Bid until the bid is taken, as a patient donor does, always with the same id."""
    with trio.fail_after(BOUND_S):
        while True:
            answer: Message = await client.ask("place_bid", id=f"b{amount}", lot=1, amount=amount)
            if answer["type"] == "ack":
                leading: bool = answer["leading"]
                return leading
            assert answer["temporary"], answer


async def until_price(server: ServerProcess, event: str, price: int) -> None:
    """Read the lot from the checkpoint until it shows a price."""
    with trio.fail_after(BOUND_S):
        lot: Message = {}
        while lot.get("price") != price:
            lot = await server.get(f"/events/{event}/lots/1", "ann", Role.DONOR)


@contextmanager
def redis(folder: Path) -> Iterator[subprocess.Popen[str]]:
    """Run a redis-server on the socket of a folder for the length of the block."""
    program = shutil.which("redis-server")
    assert program, "these tests need a Redis: apt-get install redis-server"
    socket = folder / "redis.sock"
    process = subprocess.Popen(
        [program, "--port", "0", "--unixsocket", str(socket), "--save", "", "--dir", str(folder)],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        assert any("accept connections" in line for line in process.stdout)
        yield process
    finally:
        process.terminate()
        process.communicate(timeout=BOUND_S)
