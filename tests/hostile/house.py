"""A real server that is about to be attacked, and Ann, who bids there honestly all the while.

Owns: the server's process and its log, and what "unharmed" means. Invariant: the server listens on
loopback on a free port, its log is kept, and nothing of it outlives the block. Knows nothing of the
attacks. Source: ARCHITECTURE 3 (I6, I9).
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import attrs
import httpx
import psutil  # type: ignore[import-untyped]
import trio

from bench.usage import resident_bytes
from saleroom.auction.roles import Role
from saleroom.client import Client, open_client
from tests.e2e.server import ROOT, SECRET, SERVING, START_S, STOP_S, ServerProcess

LOT = 1
OPENING = 1_000
MEMORY_GROWTH_MAX = 48 * 2**20  # what a storm leaves in the allocator until it is given back
CALM_S = 30.0  # for the connections of an attack to be gone: above every deadline of the door
FIGURE = re.compile(r'^saleroom_(\w+)\{path="([^"]+)"\} (\S+)$', re.MULTILINE)


@attrs.frozen
class House:
    """A server that serves, and its log."""

    process: subprocess.Popen[bytes]
    log: Path
    api: ServerProcess

    @property
    def port(self) -> int:
        return int(self.api.url.rpartition(":")[2])

    def faults(self) -> list[str]:
        """Give what the log holds at ERROR or above, and every line that is no record at all."""
        return [line for line in self.log.read_text().splitlines() if _is_fault(line)]

    def resident_bytes(self) -> int:
        """Give the memory of the server's own process."""
        return resident_bytes(self.process.pid)

    async def figures(self) -> Mapping[tuple[str, str], float]:
        """Scrape the server: {(name, place in the tree): value}."""
        async with httpx.AsyncClient(timeout=START_S) as http:
            text = (await http.get(f"{self.api.url}/metrics")).text
        return {(name, path): float(value) for name, path, value in FIGURE.findall(text)}

    async def journal(self, event: str, after: int) -> list[dict[str, Any]]:
        """Read an event's facts past a position."""
        headers = {"Authorization": f"Bearer {self.api.token('root', Role.ADMIN)}"}
        facts: list[dict[str, Any]] = []
        following: int | None = after
        async with httpx.AsyncClient(headers=headers, timeout=START_S) as http:
            while following is not None:
                url = f"{self.api.url}/api/v1/events/{event}/journal?after={following}&limit=1000"
                page = (await http.get(url)).json()
                facts += page["facts"]
                following = page["next"]
        return facts

    @contextmanager
    def frozen_database(self) -> Iterator[None]:
        """Let no commit pass for the length of the block."""
        children = psutil.Process(self.process.pid).children(recursive=True)
        servers = [child for child in children if "postgres" in child.name()]
        assert servers, "the server has no PostgreSQL of its own"
        for each in servers:
            each.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            for each in servers:
                each.send_signal(signal.SIGCONT)


@attrs.define
class Honest:
    """Ann, who bids by herself as fast as she is let. seconds: what each bid took to its answer."""

    client: Client
    amount: int = OPENING
    seconds: list[float] = attrs.field(factory=list)
    is_done: bool = False
    _next: trio.Event = attrs.field(factory=trio.Event)

    async def bid(self) -> None:
        """Bid what is asked; it must be taken. Waits when the server asks to."""
        command = {"lot": LOT, "amount": self.amount}
        while True:
            began = time.perf_counter()
            answer = await self.client.ask("place_bid", id=f"honest-{len(self.seconds)}", **command)
            if answer.get("code") != "RATE_LIMITED":
                break
            await trio.sleep(answer["retry_after_ms"] / 1000)
        assert answer["type"] == "ack", answer
        self.amount = answer["min_next"]
        self.served(time.perf_counter() - began)

    def served(self, seconds: float) -> None:
        """Note how long it took, and wake who waits for the next."""
        self.seconds.append(seconds)
        bid, self._next = self._next, trio.Event()
        bid.set()

    async def bid_until_done(self) -> None:
        while not self.is_done:
            await self.bid()

    async def next_bid(self) -> None:
        """Return when another bid has been taken: some 20 times a second."""
        await self._next.wait()


@attrs.frozen
class Scene:
    """An open event with one lot, on which Ann bids. Mallory is registered too, and not honest.

    lawful: ids of other commands that may leave facts.
    """

    house: House
    event: str
    honest: Honest
    lawful: set[str] = attrs.field(factory=set)

    @property
    def path(self) -> str:
        """The event's place in the supervision tree."""
        return f"saleroom/events/event:{self.event}"

    def token(self, user: str, *roles: Role) -> str:
        return self.house.api.token(user, *roles)


@contextmanager
def running_house() -> Iterator[House]:
    """Run `saleroom serve` on the embedded database for the length of the block."""
    with tempfile.TemporaryDirectory(prefix="saleroom-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        folder.chmod(0o755)  # the database runs as another user where this one is root
        environment = {k: v for k, v in os.environ.items() if not k.startswith("SALEROOM_")}
        environment |= {
            "SALEROOM_DATA_DIR": str(folder / "data"),
            "SALEROOM_PORT": "0",
            "SALEROOM_SECRET": SECRET,
            "SALEROOM_LOG_LEVEL": "warning",
            "SALEROOM_LOG_FORMAT": "json",
        }
        log = folder / "log"
        with log.open("wb") as errors:
            process = subprocess.Popen(
                [sys.executable, "-m", "saleroom", "serve"],
                stdout=subprocess.PIPE,
                stderr=errors,
                env=environment,
                cwd=ROOT,
            )
        try:
            yield House(process, log, ServerProcess(folder, {}, _address(process, log)))
        finally:
            process.terminate()
            try:
                process.communicate(timeout=STOP_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.communicate()


@asynccontextmanager
async def unharmed(house: House) -> AsyncIterator[Scene]:
    """Open a fresh event for an attack; afterwards, hold the server to having taken no harm.

    Ann is served all the while, nothing is journaled but her bids, no error is logged, nothing
    crashed, every connection is let go, and memory stayed within the bound.
    """
    event = await house.api.create_event(
        [{"lot": LOT, "title": "A lot", "mode": "silent", "opening": OPENING}], ["ann", "mallory"]
    )
    opening = {"type": "open_event"}
    await house.api.post(f"/events/{event}/commands", opening, "gus", Role.AUCTIONEER)
    before, memory = len(await house.journal(event, 0)), house.resident_bytes()
    url, token = house.api.event_url(event), house.api.token("ann", Role.DONOR)
    async with open_client(url, token) as client:
        scene = Scene(house, event, Honest(client))
        async with trio.open_nursery() as nursery:
            nursery.start_soon(scene.honest.bid_until_done)
            await scene.honest.next_bid()
            yield scene
            await calm(scene)
            scene.honest.is_done = True
        await scene.honest.bid()
        assert client.connections == 1, "the honest one was cut off"
    facts = [f for f in await house.journal(event, before) if f["command"] not in scene.lawful]
    assert {fact["type"] for fact in facts} == {"bid_placed"}
    assert [fact["command"] for fact in facts] == [
        f"honest-{number}" for number in range(len(scene.honest.seconds))
    ]
    await assert_sound(house)
    grown = house.resident_bytes() - memory
    assert grown < MEMORY_GROWTH_MAX, f"{grown / 2**20:.0f} MiB more"


async def calm(scene: Scene) -> None:
    """Wait until Ann alone is connected. Raises TooSlowError after `CALM_S`."""
    listener = "saleroom/doors/listener"
    with trio.fail_after(CALM_S):
        while True:
            figures = await scene.house.figures()
            if figures[("connections", listener)] - figures[("http_connections", listener)] == 1:
                return
            await scene.honest.next_bid()


async def assert_sound(house: House) -> None:
    """Hold a server to having logged no error, and to no task of it having crashed."""
    faults = house.faults()
    assert not faults, faults
    figures = await house.figures()
    assert figures[("crashed_total", "saleroom/doors/sessions")] == 0
    assert [
        key for key, count in figures.items() if key[0] == "child_restarts_total" and count
    ] == []


def _address(process: subprocess.Popen[bytes], log: Path) -> str:
    assert process.stdout is not None
    for line in process.stdout:
        if found := SERVING.search(line):
            return found[1].decode()
    raise AssertionError(f"the server ended: {log.read_text()}")


def _is_fault(line: str) -> bool:
    try:
        record = json.loads(line)
    except ValueError:
        return True
    return record["level"] in ("ERROR", "CRITICAL")
