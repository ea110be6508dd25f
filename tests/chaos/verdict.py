"""The verdict on a round: what was promised against what is durable.

Owns: the place in the journal up to which an event was judged. Invariant: it reads the journal from
PostgreSQL, never from the server that is judged. Source: I2, I4, I5, rule 28.
"""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from collections.abc import Mapping, Sequence

import attrs
import orjson
import trio

from saleroom.auction.record import decode_entry
from saleroom.audit import records_of
from saleroom.protocol.wire_facts import wire_fact
from saleroom.storage.ports import Record
from saleroom.storage.stores import open_stores
from tests.chaos.load import Ack, Follower
from tests.e2e.server import ROOT

AUDIT_LIMIT_S = 120.0
RECEIPTS_MAX = 20
SHOWN_MAX = 5
Command = tuple[str, str]
"""Who sent it, and its id."""


@attrs.frozen
class Verdict:
    """lost, doubled: counts of bids. faults: everything that is wrong, in words."""

    acknowledged: int
    lost: int
    doubled: int
    faults: Sequence[str]


@attrs.define(eq=False)
class Ledger:
    """One event's durable past, read on round by round."""

    event: str
    position: int = 0
    seq: int = 0
    seqs: dict[Command, list[int]] = attrs.field(factory=dict)
    heads: dict[int, str] = attrs.field(factory=dict)
    facts: dict[int, Mapping[str, object]] = attrs.field(factory=dict)
    prices: dict[int, int] = attrs.field(factory=dict)
    receipts: list[Ack] = attrs.field(factory=list)
    _again: Counter[Command] = attrs.field(factory=Counter)

    async def read_on(self, dsn: str) -> list[str]:
        """Take in what was written since; say what does not follow."""
        self.facts.clear()
        faults: list[str] = []
        async with open_stores(dsn, None) as stores:
            async for record in records_of(stores.journal, self.event, self.position):
                faults += self.take(record)
        return faults

    def take(self, record: Record) -> list[str]:
        """Take in the next record; say what does not follow."""
        faults = []
        if record.position != self.position + 1:
            faults.append(f"position {record.position} follows {self.position}")
        self.position = record.position
        if record.seq is not None:
            if record.seq != self.seq + 1:
                faults.append(f"seq {record.seq} follows {self.seq}")
            self.seq = record.seq
            self._take_public(record, record.seq)
        return faults

    def judge(self, acks: Sequence[Ack], followers: Sequence[Follower]) -> Verdict:
        """Hold a round's acks and feeds against what was read on."""
        lost = [ack for ack in acks if not self._holds(ack)]
        doubled = [command for command, count in self._again.items() if count > 1]
        faults = [f"lost: {ack}" for ack in lost] + [f"doubled: {c}" for c in doubled]
        for follower in followers:
            faults += follower.faults
            faults += self._feed_faults(follower)
        if acks:
            self.receipts = [*self.receipts, acks[-1]][-RECEIPTS_MAX:]
        return Verdict(len(acks), len(lost), len(doubled), faults)

    async def audit(self, environment: Mapping[str, str]) -> list[str]:
        """Have `saleroom audit` check the journal and a receipt of every round."""
        command = [sys.executable, "-m", "saleroom", "audit", self.event]
        for ack in self.receipts:
            command += ["--receipt", f"{ack.seq}:{ack.head}"]
        with trio.fail_after(AUDIT_LIMIT_S):
            done = await trio.run_process(
                command,
                capture_stdout=True,
                stderr=subprocess.STDOUT,
                check=False,
                env=environment,
                cwd=ROOT,
            )
        return [] if done.returncode == 0 else [f"audit: {done.stdout.decode().strip()}"]

    def _take_public(self, record: Record, seq: int) -> None:
        entry = decode_entry(record.body)
        self.heads[seq] = record.head.hex()
        fact = orjson.loads(wire_fact(entry).encoded())
        self.facts[seq] = fact
        if entry.command is not None and entry.by is not None:
            command = (entry.by, entry.command)
            self.seqs.setdefault(command, []).append(seq)
            self._again[command] += fact["type"] == "bid_placed"
        if fact["type"] == "bid_placed":
            self.prices[fact["lot"]] = fact["amount"]

    def _holds(self, ack: Ack) -> bool:
        seqs = self.seqs.get((ack.user, ack.id), [])
        return ack.seq in seqs and self.heads[ack.seq] == ack.head

    def _feed_faults(self, follower: Follower) -> list[str]:
        if follower.role is None:
            return []
        wrong = [
            seq
            for seq in range(max(follower.first, min(self.facts, default=0)), self.seq + 1)
            if follower.facts.get(seq) != self.facts.get(seq)
        ]
        shown = ", ".join(str(seq) for seq in wrong[:SHOWN_MAX])
        return [f"{follower.name} told otherwise than the journal at {shown}"] if wrong else []
