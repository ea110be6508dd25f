"""The supervision tree as operators see it, and what has changed in it.

Owns: the tree's JSON form and the feed of its changes. Invariant: a screen that starts from a tree
and takes every change of its feed shows the tree; changes go out at most four times a second,
each node's newest only. Source: PROTOCOL section 8.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import attrs
import orjson
import trio

from saleroom.actors.clock import Clock
from saleroom.actors.member import Wire
from saleroom.protocol.frames import text_frame
from saleroom.supervisor import Node, State

PERIOD_S = 0.25
UNSENT_BYTES_MAX = 1_048_576

Picture = dict[str, Any]


def node_json(node: Node, clock: Clock) -> Picture:
    """Give a node and all below it; `since` in ms since 1970."""
    return {
        **_node_alone(node, clock),
        "children": [node_json(child, clock) for child in node.children],
    }


def _node_alone(node: Node, clock: Clock) -> Picture:
    age_ms = int((trio.current_time() - node.since) * 1000)
    return {
        "path": node.path,
        "kind": node.kind.value,
        "strategy": None if node.strategy is None else node.strategy.value,
        "state": node.state.value,
        "since": clock.now_ms() - age_ms,
        "restarts": node.restarts,
        "last_error": node.last_error,
        "stats": dict(node.stats),
    }


@attrs.define(eq=False)
class OperatorFeed:
    """Who watches the tree, and what they were last shown."""

    tree: Callable[[], Node]
    clock: Clock
    _watchers: dict[Wire, None] = attrs.field(init=False, factory=dict)
    _shown: dict[str, Picture] = attrs.field(init=False, factory=dict)

    def join(self, wire: Wire) -> Picture:
        """Admit a screen and give it the tree that its changes start from.

        The others have not been shown this tree yet, so what changed goes to them first.
        """
        self.send_changes()
        self._watchers[wire] = None
        tree = self.tree()
        self._shown = self._flat(tree)
        return node_json(tree, self.clock)

    def leave(self, wire: Wire) -> None:
        """Let a screen go. Idempotent."""
        self._watchers.pop(wire, None)

    async def send_forever(self) -> None:
        """Send what changed, four times a second while somebody watches; until cancelled."""
        while True:
            await trio.sleep(PERIOD_S)
            if self._watchers:
                self.send_changes()

    def send_changes(self) -> None:
        """Send every screen the nodes that differ from what was shown last."""
        if not self._watchers:
            return
        flat = self._flat(self.tree())
        changes = [node for path, node in flat.items() if _differs(self._shown.get(path), node)]
        changes += [_gone(node) for path, node in self._shown.items() if path not in flat]
        self._shown = flat
        if not changes:
            return
        message = orjson.dumps({"type": "tree", "changes": changes})
        frame = text_frame(b"[" + message + b"]")
        for wire in self._watchers:
            if wire.unsent_bytes < UNSENT_BYTES_MAX:
                wire.send_nowait(frame)

    def _flat(self, tree: Node) -> dict[str, Picture]:
        return {node.path: _node_alone(node, self.clock) for node in tree.walk()}


def _gone(node: Picture) -> Picture:
    """Give a node that left the tree, as it was shown last but for its state."""
    return {**node, "state": State.STOPPED.value, "removed": True}


def _differs(shown: Picture | None, node: Picture) -> bool:
    """Say whether anything but the rounding of `since` is new."""
    if shown is None:
        return True
    return any(shown[name] != node[name] for name in ("state", "restarts", "last_error", "stats"))
