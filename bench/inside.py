"""What runs inside a process of its own: the book, the replay and the actor, without sockets.

Owns: the loops that are timed, `python -m bench.inside NAME COUNT`. Invariant: garbage is collected
as the server does it; what a loop is fed was made before its time is taken, and what it leaves
behind is checked after. Prints one JSON object: `rates` of each window a second, `cpu_us` of each
step, `cpu_s` of the process, and the `busiest` functions of a second, shorter run.
Source: ARCHITECTURE 5 ("Engine"), I10, I11.
"""

from __future__ import annotations

import gc
import json
import sys
import time
from collections.abc import Callable, Iterator, Sequence

import attrs

from bench.book import open_book, questions, rising_maxes, straight_bids
from bench.inside_actor import measure_actor
from bench.sampler import Sampler
from bench.windows import Windows
from saleroom.actors.recovery import REPLAY_SLICE
from saleroom.auction.apply import apply
from saleroom.auction.book import Book
from saleroom.auction.commands import Command
from saleroom.auction.decide import decide, permit
from saleroom.auction.refusal import Refusal
from saleroom.auction.state import Entry
from saleroom.loop_watch import MIDDLE_ROUNDS, NEVER, YOUNG_OBJECTS

SAMPLED_PART = 5

Maker = Callable[[int], Iterator[tuple[Command, str]]]


def main() -> None:
    """Measure what is named, and print what was found."""
    name, count = sys.argv[1], int(sys.argv[2])
    gc.set_threshold(YOUNG_OBJECTS, MIDDLE_ROUNDS, NEVER)
    found = attrs.asdict(LOOPS[name](count))
    sampler = Sampler()
    sampler.start()
    LOOPS[name](count // SAMPLED_PART)
    busiest = sampler.stop()
    cpu_s = time.process_time()
    print(json.dumps({**found, "busiest": busiest, "cpu_s": cpu_s}), flush=True)


def settle() -> None:
    """Set aside what is here to stay, as the server does after its start."""
    gc.collect()
    gc.freeze()


def _decide(maker: Maker) -> Callable[[int], Windows]:
    """Time the rules alone: a command becomes facts, and the facts a new state."""

    def measure(count: int) -> Windows:
        state = open_book()[0].state
        asked = questions(maker(count), count)
        settle()
        windows = Windows()
        for share in windows.shares(asked):
            for question in share:
                facts = None if permit(state, question) else decide(state, question)
                if facts is None or isinstance(facts, Refusal):
                    raise SystemExit(f"refused: {question}")
                for fact in facts:
                    seq = state.seq + 1 if fact.public else None
                    by, command, digest = question.by, question.id, question.digest
                    place = state.position + 1, seq, max(question.at, state.at)
                    apply(state, Entry(*place, by, command, digest, fact))
        return windows

    return measure


def _write(count: int) -> Windows:
    """Time the whole book."""
    book, _ = open_book()
    asked = questions(straight_bids(count), count)
    settle()
    windows = Windows()
    for share in windows.shares(asked):
        for question in share:
            if not book.ask(question).records:
                raise SystemExit(f"refused: {question}")
    return windows


def _replay(count: int) -> Windows:
    book, records = open_book()
    for question in questions(straight_bids(count), count):
        records += book.ask(question).records
    journal: Sequence[tuple[bytes, bytes]] = [(record.body, record.head) for record in records]
    first, opened, *bids = journal
    read = Book.load(first[0])
    read.replay(opened[0])
    settle()
    windows = Windows()
    for share in windows.shares(bids):
        for count, (body, head) in enumerate(share, 1):
            read.replay(body)
            if read.head != head:
                raise SystemExit("the chain does not hold")
            if count % REPLAY_SLICE == 0:
                gc.freeze()  # as a recovery does
    if read.state != book.state:
        raise SystemExit("the replayed state is another one")
    return windows


LOOPS: dict[str, Callable[[int], Windows]] = {
    "straight": _decide(straight_bids),
    "maxes": _decide(rising_maxes),
    "book": _write,
    "replay": _replay,
    "actor": measure_actor,
}

if __name__ == "__main__":
    main()
