"""The knobs of a simulated evening: how much of everything there is, and how often it goes wrong.

Owns: every probability, rate and limit that a seed decides. Invariant: a run's knobs follow from
its seed alone, and each fault is away from many evenings, so that a fault is also met without the
others' company. Knows nothing of how a fault is made. Source: TigerBeetle's packet_simulator.
"""

from __future__ import annotations

import random

import attrs


@attrs.frozen
class CrowdKnobs:
    """Who is there, and how they behave.

    donors: bidders with a paddle. second_screens: how many of them follow on a second connection.
    spectators: connections without a token. active_s: how long commands are given.
    think_s: the mean time between two actions of one client.
    burst: the chance that an action is several commands in one breath.
    repeat: the chance that an old command is sent once more, by its id.
    reuse: the chance that an old id is given to another command.
    garble: the chance of a frame that is none of the protocol.
    """

    donors: int
    second_screens: int
    spectators: int
    active_s: float
    think_s: float
    burst: float
    repeat: float
    reuse: float
    garble: float


@attrs.frozen
class NetworkKnobs:
    """What befalls connections; the chances are per action of a client.

    cut: the connection ends, with a frame torn if some were unsent. stall: the client stops reading
    for about stall_s. silence: it neither speaks nor answers a Ping until it is closed.
    resume: the chance that it comes back from where it was, rather than anew.
    away_s: how long it is gone, on average.
    """

    cut: float
    stall: float
    stall_s: float
    silence: float
    resume: float
    away_s: float


@attrs.frozen
class StoreKnobs:
    """What befalls calls to stores.

    latency_s: the mean time of a call. refused, landed, lost, late: the chance, per commit, that
    the store is away; that it commits and does not say so; that it does not commit and does not say
    so; that it does not say so and commits up to late_s after, or behind the next incarnation.
    slow: the chance that a call takes slow_s more. A commit whose waiter is cancelled goes on by
    itself.
    away_every_s, away_s: between two absences of PostgreSQL, and how long each is (means).
    hot_every_s, hot_s: the same of the hot store. hot_emptied: the chance that it comes back empty.
    """

    latency_s: float
    refused: float
    landed: float
    lost: float
    late: float
    late_s: float
    slow: float
    slow_s: float
    away_every_s: float
    away_s: float
    hot_every_s: float
    hot_s: float
    hot_emptied: float


@attrs.frozen
class ProcessKnobs:
    """What befalls the server; `_every_s` are means, infinity is never.

    crash_at_call: the chance, per call to a store, that a child of the event dies during it.
    crash_every_s: between two deaths of a child at rest. restart_every_s: between two restarts of
    a child by an operator. poison: the chance that an announcement crashes who decides it, once or
    each time. stop_every_s, kill_every_s: between two orderly and two sudden ends of the process.
    down_s: until the next one begins. back_ms: by how much its wall clock may be set back.
    """

    crash_at_call: float
    crash_every_s: float
    restart_every_s: float
    poison: float
    stop_every_s: float
    kill_every_s: float
    down_s: float
    back_ms: int


@attrs.frozen
class LimitKnobs:
    """The server's own bounds, small enough to be met.

    tail_facts, resume_bytes: held for resuming. batch_facts: decided and not yet committed.
    snapshot_facts, chunk_facts: of checkpoints. outbox_bytes, outbox_s: unsent to a slow reader.
    waiting: commands in the mailbox. heartbeat_ms: of silence before a Ping. token_s: how long a
    token lasts.
    """

    tail_facts: int
    resume_bytes: int
    batch_facts: int
    snapshot_facts: int
    chunk_facts: int
    outbox_bytes: int
    outbox_s: float
    waiting: int
    heartbeat_ms: int
    token_s: float


@attrs.frozen
class Knobs:
    """All of them."""

    crowd: CrowdKnobs
    network: NetworkKnobs
    stores: StoreKnobs
    process: ProcessKnobs
    limits: LimitKnobs


NEVER = float("inf")


def draw_knobs(rng: random.Random) -> Knobs:
    """Turn every knob."""

    def chance(*values: float) -> float:
        """Give a chance, none at all in half of the evenings."""
        return rng.choice(values) if rng.random() < 0.5 else 0.0

    def every(*values: float) -> float:
        """Give a mean time, never in half of the evenings."""
        return rng.choice(values) if rng.random() < 0.5 else NEVER

    return Knobs(
        CrowdKnobs(
            donors=rng.randint(2, 4),
            second_screens=rng.randint(0, 1),
            spectators=rng.randint(0, 1),
            active_s=rng.choice((20.0, 40.0, 60.0)),
            think_s=rng.choice((0.3, 1.0, 2.0)),
            burst=chance(0.1, 0.4),
            repeat=chance(0.05, 0.2),
            reuse=chance(0.03),
            garble=chance(0.02),
        ),
        NetworkKnobs(
            cut=chance(0.01, 0.05, 0.15),
            stall=chance(0.02, 0.1),
            stall_s=rng.choice((0.5, 3.0, 8.0)),
            silence=chance(0.01),
            resume=rng.choice((0.5, 0.9, 1.0)),
            away_s=rng.choice((0.1, 1.0, 4.0)),
        ),
        StoreKnobs(
            latency_s=rng.choice((0.0, 0.002, 0.02, 0.2)),
            refused=chance(0.01, 0.05),
            landed=chance(0.01, 0.05),
            lost=chance(0.01, 0.05),
            late=chance(0.02, 0.1),
            late_s=rng.choice((0.05, 0.3, 2.0)),
            slow=chance(0.01, 0.05),
            slow_s=rng.choice((0.5, 2.0, 7.0)),
            away_every_s=every(15.0, 40.0),
            away_s=rng.choice((0.5, 3.0, 7.0)),
            hot_every_s=every(5.0, 20.0),
            hot_s=rng.choice((0.5, 5.0)),
            hot_emptied=chance(0.5),
        ),
        ProcessKnobs(
            crash_at_call=chance(0.005, 0.02),
            crash_every_s=every(5.0, 20.0),
            restart_every_s=every(10.0, 30.0),
            poison=chance(0.3),
            stop_every_s=every(15.0, 40.0),
            kill_every_s=every(15.0, 40.0),
            down_s=rng.choice((0.1, 1.0, 5.0)),
            back_ms=rng.choice((0, 0, 500, 20_000)),
        ),
        LimitKnobs(
            tail_facts=rng.choice((5, 30, 10_000)),
            resume_bytes=rng.choice((2_000, 524_288)),
            batch_facts=rng.choice((3, 10_000)),
            snapshot_facts=rng.choice((7, 20, 5_000)),
            chunk_facts=rng.choice((3, 10)),
            outbox_bytes=rng.choice((300, 3_000, 1_048_576)),
            outbox_s=rng.choice((1.0, 5.0)),
            waiting=rng.choice((8, 20_000)),
            heartbeat_ms=rng.choice((2_000, 30_000)),
            token_s=rng.choice((20.0, 1e6)),
        ),
    )
