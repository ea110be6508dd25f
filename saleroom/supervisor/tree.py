"""The picture of a supervision tree, as plain data.

Owns: what the operator page, the operator socket, `saleroom tree` and `/metrics` read. Invariant:
a picture is frozen and holds nothing that lives. Knows nothing of how children run.
Source: PROTOCOL 8, ARCHITECTURE 4.
"""

from __future__ import annotations

import enum
from collections.abc import Iterator, Mapping
from typing import Any

import attrs

from saleroom.supervisor.spec import Kind, Strategy


class State(enum.Enum):
    """Where a child is in its life."""

    STARTING = "starting"  # it runs, and has not said started() since it began or last waited
    RUNNING = "running"
    BACKING_OFF = "backing_off"  # it does not run, and will
    STOPPING = "stopping"  # it runs, and was asked to stop or cancelled
    STOPPED = "stopped"
    FAILED = "failed"  # parked, or the one too many that made its supervisor give up


@attrs.frozen
class Node:
    """One child and what is below it.

    since: when it came to this state, in seconds of `trio.current_time()`.
    restarts: how often supervision started it again; an operator's restarts are not counted.
    last_error: of its last crash, or what it now waits for; one line.
    """

    path: str
    kind: Kind
    strategy: Strategy | None
    state: State
    since: float
    restarts: int
    last_error: str | None
    stats: Mapping[str, Any]
    children: tuple[Node, ...]

    def walk(self) -> Iterator[Node]:
        """Yield this node and all below it, each before its children."""
        yield self
        for child in self.children:
            yield from child.walk()


@attrs.frozen
class Change:
    """A node's new state, without statistics and children. removed: it left the tree."""

    path: str
    kind: Kind
    state: State
    since: float
    restarts: int
    last_error: str | None
    removed: bool
