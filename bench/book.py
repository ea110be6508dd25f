"""A book to measure: an event with silent lots and bidders, without any I/O.

Owns: how it is made, and the questions that it is asked. Invariant: every question is one that the
book accepts, in the order given; the users differ from bid to bid. Source: rules 1-5.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from saleroom.auction.book import Book, Chained
from saleroom.auction.commands import Command, OpenEvent, PlaceBid, SetMaxBid
from saleroom.auction.definition import define_event, define_lot, event_plain, lot_plain
from saleroom.auction.facts import EventDefined
from saleroom.auction.roles import Role
from saleroom.auction.state import Asked

EVENT = "bench"
LOTS, USERS = 20, 500
START_MS, LENGTH_MS = 1_000, 36_000_000
PADDLE_FIRST = 101
CHAIN_KEY = "5a" * 32
DIGEST = "0123456789abcdef"
STRIDE = 7
MAX_STEP = 2


def open_book(start_ms: int = START_MS) -> tuple[Book, list[Chained]]:
    """Give an open event's book, and the records that led there. start_ms: its clock's present."""
    event = define_event({"id": EVENT, "title": "Bench", "currency": "USD", "ladder": "flat:1"})
    lots = tuple(
        lot_plain(
            define_lot(
                {
                    "lot": number,
                    "title": f"Lot {number}",
                    "mode": "silent",
                    "opening": 1,
                    "ends_at": start_ms + LENGTH_MS,
                }
            )
        )
        for number in range(1, LOTS + 1)
    )
    paddles = tuple(
        {"number": PADDLE_FIRST + n, "user": user_name(n), "terms_version": 1} for n in range(USERS)
    )
    fact = EventDefined(event_plain(event), lots, paddles, CHAIN_KEY)
    book, first = Book.new(fact, "admin", start_ms)
    opened = book.ask(Asked(OpenEvent(), "admin", Role.ADMIN, start_ms, "open", DIGEST))
    return book, [first, *opened.records]


def user_name(number: int) -> str:
    """Name a bidder."""
    return f"bidder.{number}"


def bidders(count: int) -> Iterator[tuple[int, str]]:
    """Number so many bids and name who makes each."""
    return ((number, user_name(number * STRIDE % USERS)) for number in range(count))


def straight_bids(count: int) -> Iterator[tuple[Command, str]]:
    """Give so many bids, each at its lot's ask, and their bidders."""
    for number, user in bidders(count):
        yield PlaceBid(number % LOTS + 1, number // LOTS + 1), user


def rising_maxes(count: int) -> Iterator[tuple[Command, str]]:
    """Give so many maxes, each above the one that leads, and their bidders."""
    for number, user in bidders(count):
        yield SetMaxBid(number % LOTS + 1, (number // LOTS + 1) * MAX_STEP), user


def questions(commands: Iterator[tuple[Command, str]], count: int) -> list[Asked]:
    """Turn commands into what the book is asked, a millisecond after every tenth."""
    return [
        Asked(command, user, Role.DONOR, START_MS + number // 10, str(number), DIGEST)
        for number, (command, user) in enumerate(islice(commands, count))
    ]
