"""Golden data: what a release's server left behind, and every later one must restore and serve.

Owns: the evening that is played on a real server, and the folders `tests/golden/data-NNNN`: a
backup taken apart, and what its event looked like. Invariant: a folder once written is never
written again; a run makes the next one. Must not know: how a backup is restored. Source: I5,
docs/keeping.md.

    python -m tools.golden_data
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Any, Final
from zipfile import ZIP_DEFLATED, ZipFile

import orjson
import trio

from saleroom.auction.roles import Role
from saleroom.client import Message, open_client
from tests.e2e.server import ServerProcess, running_server

GOLDEN: Final = Path(__file__).resolve().parent.parent / "tests" / "golden"
EXPECTED: Final = "expected.json"
SHOWN: Final = ("title", "mode", "state", "price", "leader", "min_next", "bid_count", "total")

LOTS: Final[list[dict[str, Any]]] = [
    {
        "lot": 1,
        "title": "A week by the sea",
        "mode": "silent",
        "opening": 10_000,
        "reserve": 15_000,
    },
    {"lot": 2, "title": "A portrait", "mode": "live", "opening": 10_000},
    {"lot": 3, "title": "Raffle", "mode": "sale", "opening": 2_500, "quantity": 3},
    {"lot": 4, "title": "The new wing", "mode": "pledge", "opening": 1, "levels": [5_000, 1_000]},
]
COMMANDS: Final[list[tuple[str, dict[str, Any]]]] = [
    ("gus", {"type": "open_event"}),
    ("ann", {"type": "set_max_bid", "lot": 1, "max": 50_000}),
    ("bob", {"type": "place_bid", "lot": 1, "amount": 20_000}),
    ("gus", {"type": "open_lot", "lot": 2}),
    ("cy", {"type": "place_bid", "lot": 2, "amount": 12_000}),
    ("gus", {"type": "fair_warning", "lot": 2}),
    ("gus", {"type": "sell_lot", "lot": 2}),
    ("bob", {"type": "buy", "lot": 3, "units": 2}),
    ("cy", {"type": "pledge", "lot": 4, "level": 5_000}),
    ("gus", {"type": "announce", "text": "Dinner is served — à table"}),
]


async def play(server: ServerProcess) -> str:
    """Hold the evening and leave it open; there is a draft beside it. Give its event."""
    event = await server.create_event(LOTS, ["ann", "bob", "cy"])
    for user, command in COMMANDS:
        role = Role.AUCTIONEER if user == "gus" else Role.DONOR
        await server.post(f"/events/{event}/commands", command, user, role)
    draft = {"title": "Autumn, not yet public", "currency": "EUR", "draft": True, "public": False}
    await server.post("/events", draft, "root", Role.ADMIN)
    return event


async def look(server: ServerProcess, event: str) -> Message:
    """Say what a spectator sees of an event."""
    async with open_client(server.event_url(event)) as client:
        welcome = await client.ready()
    snapshot = welcome["snapshot"]
    lots = {str(lot["lot"]): {name: lot.get(name) for name in SHOWN} for lot in snapshot["lots"]}
    return {
        "event": event,
        "seq": welcome["seq"],
        "status": snapshot["event"]["status"],
        "raised": snapshot["raised"],
        "lots": lots,
    }


def take_apart(file: Path, folder: Path) -> None:
    """Write a backup's members as files."""
    with ZipFile(file) as archive:
        archive.extractall(folder)


def put_together(folder: Path, file: Path) -> None:
    """Make of such files a backup again."""
    with ZipFile(file, "w", ZIP_DEFLATED) as archive:
        for path in sorted(folder.rglob("*")):
            if path.is_file() and path.name != EXPECTED:
                archive.write(path, path.relative_to(folder).as_posix())


def next_folder(golden: Path) -> Path:
    """Name the folder after the last one."""
    numbers = [int(path.name.removeprefix("data-")) for path in golden.glob("data-*")]
    return golden / f"data-{max(numbers, default=0) + 1:04}"


async def write_data(golden: Path) -> Path:
    """Play the evening on a server of its own and keep what it left."""
    folder = next_folder(golden)
    async with running_server() as (server, _):
        event = await play(server)
        expected = await look(server, event)
        file = server.folder.with_name("golden.backup")
        command = [sys.executable, "-m", "saleroom", "backup", "--output", str(file)]
        await trio.run_process(command, env={"SALEROOM_DATA_DIR": str(server.folder)})
        write_folder(folder, file, expected)
    return folder


def write_folder(folder: Path, file: Path, expected: Message) -> None:
    """Write a folder whole or not at all."""
    with tempfile.TemporaryDirectory(dir=folder.parent) as unfinished:
        draft = Path(unfinished, folder.name)
        take_apart(file, draft)
        content = orjson.dumps(expected, option=orjson.OPT_INDENT_2)
        (draft / EXPECTED).write_bytes(content + b"\n")
        draft.rename(folder)


def main() -> int:
    """Write the next folder; give the exit code."""
    print(trio.run(write_data, GOLDEN))
    return 0


if __name__ == "__main__":
    sys.exit(main())
