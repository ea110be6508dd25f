"""Golden journals: one per release, which every later release must still replay to the same state.

Owns: the scripted sale that brings about every fact, the form of its file, and what of a state is
compared. Invariant: a file once written is never written again. The file is JSON Lines: a line
`{head, body}` per record, then one `{position, digest}`. Source: ARCHITECTURE I5.
"""

from __future__ import annotations

import sys
import tomllib
from collections.abc import Iterable, Iterator
from hashlib import blake2b
from pathlib import Path
from typing import Any, Final

import orjson

from saleroom.auction import commands as c
from saleroom.auction.book import Book, Chained
from saleroom.auction.facts import EventDefined, Fact, PaymentRecorded
from saleroom.auction.record import encode_entry
from saleroom.auction.roles import Role
from saleroom.auction.state import Asked, Entry, EventState, leaderboard

CHECKOUT: Final = Path(__file__).resolve().parent.parent
FOLDER: Final = CHECKOUT / "tests" / "golden"

LOTS: Final[list[dict[str, Any]]] = [
    {
        "lot": 1,
        "title": "A week by the sea",
        "mode": "silent",
        "opening": 10000,
        "ends_at": 200_000,
    },
    {"lot": 2, "title": "A portrait", "mode": "live", "opening": 10000, "reserve": 15000},
    {"lot": 3, "title": "Dinner for six", "mode": "live", "opening": 10000, "quantity": 3},
    {"lot": 4, "title": "Raffle", "mode": "sale", "opening": 2500, "quantity": 3},
    {"lot": 5, "title": "The new wing", "mode": "pledge", "opening": 1, "levels": [5000, 1000]},
    {"lot": 6, "title": "A cellar", "mode": "silent", "opening": 10000, "starts_at": 500_000},
    {"lot": 7, "title": "A car", "mode": "live", "opening": 10000},
]
PADDLES: Final = [
    {"number": 101, "user": "ann", "terms_version": 1},
    {"number": 102, "user": "bob", "terms_version": 1},
    {"number": 103, "user": "cy", "terms_version": 1},
]

STEPS: Final[list[tuple[int, c.Command]]] = [
    # ms, command
    (0, c.SetSoftClose(60_000, 60_000, 600_000)),
    (0, c.AddPaddle(user="dee", table="7", captain=True)),
    (0, c.ChangePaddle(100, terms_version=1, opted_in=True)),
    (0, c.ChangePaddle(100, new_paddle=104)),
    (0, c.AddLot(8, {"title": "A kite", "mode": "live", "opening": 500})),
    (0, c.ChangeLot(8, {"title": "A larger kite"})),
    (1_000, c.SetMaxBid(2, 12000, 101)),
    (1_000, c.SetMaxBid(2, 14000, 102)),
    (2_000, c.OpenEvent()),
    (3_000, c.SetMaxBid(1, 50000, 101)),
    (3_000, c.SetMaxBid(1, 60000, 101)),
    (4_000, c.PlaceBid(1, 20000, 102)),
    (4_000, c.PlaceBid(1, 25000, 104)),
    (4_000, c.RetractBids(1, 104, "a mistake")),
    (5_000, c.Announce("Dinner is served")),
    (5_000, c.PauseEvent("dinner")),
    (65_000, c.ResumeEvent()),
    (70_000, c.OpenLot(2)),
    (70_000, c.SetAsk(2, 15000, 1000)),
    (70_000, c.FloorBid(2)),
    (70_000, c.AssignFloor(2, 103)),
    (70_000, c.LockRemote(2, on=True)),
    (71_000, c.FairWarning(2)),
    (71_000, c.FinalCall(2)),
    (71_000, c.Undo(2)),
    (72_000, c.SellLot(2, 103, 15000)),
    (73_000, c.OfferRunnerUp(2, "unpaid")),
    (73_000, c.AnswerOffer(2, True, 102)),
    (80_000, c.OpenLot(3)),
    (80_000, c.PlaceBid(3, 10000, 101)),
    (80_000, c.PlaceBid(3, 11000, 102)),
    (81_000, c.SellLot(3)),
    (81_000, c.ChooseUnits(3, 2, 102)),
    (81_000, c.AnswerOffer(3, False, 101)),
    (82_000, c.PassLot(3)),
    (90_000, c.Buy(4, 2, None, 103)),
    (90_000, c.LockPaddle(103, "unpaid", ban=True)),
    (90_000, c.UnlockPaddle(103)),
    (100_000, c.SetMatch(5, 100, 6000)),
    (100_000, c.SetChallenge(5, 9000, 2000)),
    (100_000, c.Pledge(5, 5000, 1, paddle=101)),
    (100_000, c.Pledge(5, 1000, 4, paddle=103)),
    (100_000, c.Pledge(5, 1000, 1, confirm=True, paddle=103)),
    (110_000, c.WithdrawLot(7, "sold elsewhere")),
    (250_000, c.PlaceBid(1, 45000, 102)),
    (300_000, c.ExtendLot(1, 400_000)),
    (600_000, c.Announce("The cellar is open")),
]


def scripted_sale() -> tuple[Book, list[Chained]]:
    """Play the sale that brings about every fact."""
    settings = {"id": "golden", "title": "A golden gala", "currency": "USD"}
    book, first = Book.new(EventDefined(settings, LOTS, PADDLES, "5a" * 32), "admin", 0)
    written = [first]
    for at, command in STEPS:
        written += _asked(book, at, command)
    pledges = book.state.lots[5].fund
    assert pledges is not None
    written += _asked(book, 610_000, c.VoidPledge(min(pledges.pledges), "a mistake"))
    written.append(_recorded(book, PaymentRecorded(2, 102)))
    written += _asked(book, 620_000, c.CloseEvent())
    return book, written


def state_digest(state: EventState) -> str:
    """Digest what rules say of a state, whatever the shape in which a release keeps it."""
    lots = [
        [
            number,
            lot.standing.state,
            lot.standing.price,
            lot.standing.leader,
            lot.standing.bid_count,
            lot.ends_at,
            [[win.paddle, win.amount, win.units, win.how] for win in lot.wins],
            lot.fund and [lot.fund.total, lot.fund.match, lot.fund.donors],
        ]
        for number, lot in state.lots.items()
    ]
    said = [state.status, state.seq, state.raised, sorted(state.paddles), lots, leaderboard(state)]
    return blake2b(orjson.dumps(said, option=orjson.OPT_SORT_KEYS), digest_size=16).hexdigest()


def golden_lines(book: Book, written: Iterable[Chained]) -> Iterator[bytes]:
    """Give the lines of a golden file."""
    for chained in written:
        yield b'{"head":"%s","body":%s}' % (chained.head.hex().encode(), chained.body)
    yield orjson.dumps({"position": book.state.position, "digest": state_digest(book.state)})


def replayed(content: bytes) -> tuple[Book, dict[str, Any]]:
    """Replay a golden file; give the book, and what the file says of its end.

    Raises ValueError where a record's head is not the one that was written.
    """
    *lines, end = (orjson.loads(line) for line in content.splitlines())
    book: Book | None = None
    for line in lines:
        body = orjson.dumps(line["body"], option=orjson.OPT_SORT_KEYS)
        if book is None:
            book = Book.load(body)
        else:
            book.replay(body)
        if book.head.hex() != line["head"]:
            raise ValueError(f"another head at position {book.state.position}")
    if book is None:
        raise ValueError("a golden file without records")
    return book, end


def main(version: str, folder: Path = FOLDER) -> int:
    """Write the file of a release, unless it has one; give the exit code."""
    path = folder / f"{version}.jsonl"
    if path.exists():
        print(f"{path.name} is written already: a golden journal never changes", file=sys.stderr)
        return 1
    path.write_bytes(b"\n".join(golden_lines(*scripted_sale())) + b"\n")
    return 0


def present_version() -> str:
    """Give the release that the checkout is to become."""
    project = tomllib.loads((CHECKOUT / "pyproject.toml").read_text(encoding="utf-8"))
    version: str = project["project"]["version"]
    return version


def _asked(book: Book, at: int, command: c.Command) -> list[Chained]:
    """Put a command as an admin, with the deadlines before it."""
    written: list[Chained] = []
    while (fired := book.fire_due(at)) is not None:
        written += fired.records
    command_id = f"step-{book.state.position}"
    outcome = book.ask(Asked(command, "admin", Role.ADMIN, at, command_id, "golden"))
    if outcome.refusal is not None:
        raise ValueError(f"{command}: {outcome.refusal.code.name}")
    return written + list(outcome.records)


def _recorded(book: Book, fact: Fact) -> Chained:
    """Write a fact that no command brings about."""
    state = book.state
    entry = Entry(state.position + 1, None, state.at, None, None, None, fact)
    body = encode_entry(entry)
    book.replay(body)
    return Chained(entry, body, book.head)


if __name__ == "__main__":
    sys.exit(main(present_version()))
