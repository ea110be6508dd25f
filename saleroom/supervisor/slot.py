"""One place in a supervisor: what is to be there, and what is.

Owns: the state of a child between and during its incarnations. Invariant: only the supervisor's
loop writes here, and `incarnation` is set exactly while a task of that child exists. Decides
nothing: the loop does. Source: ARCHITECTURE 4, PROTOCOL 8.
"""

from __future__ import annotations

import enum
import math
from typing import TYPE_CHECKING

import attrs
import trio

from saleroom.supervisor.child import Child
from saleroom.supervisor.messages import Reply
from saleroom.supervisor.spec import Kind, Run, Spec, SupervisorSpec
from saleroom.supervisor.tree import Change, Node, State

if TYPE_CHECKING:
    from saleroom.supervisor.keeper import Keeper


class Goal(enum.Enum):
    """What a slot is to come to."""

    UP = "up"
    DOWN = "down"
    GONE = "gone"  # down, and then forgotten


@attrs.define(eq=False)
class Incarnation:
    """One life of a child.

    scope: cancels it. word: the last it said, a reason to wait or None for `started()`; unheard
    while the loop has yet to take it. timed_out: the loop cancelled it, for this reason.
    """

    child: Child
    scope: trio.CancelScope = attrs.field(factory=trio.CancelScope)
    word: str | None = None
    is_unheard: bool = False
    timed_out: Exception | None = None


@attrs.define(eq=False)
class Slot:
    """The place of one child.

    run: one incarnation of the child. keeper: the child itself, when it is a supervisor.
    condemned: the living incarnation must end before the goal can be met.
    in_turn: it may start only when all earlier siblings are up.
    due: when the loop must act on the state if nothing happened before; infinity: never.
    """

    spec: Spec
    path: str
    run: Run
    keeper: Keeper | None = None
    since: float = attrs.field(factory=trio.current_time)
    state: State = State.STOPPED
    goal: Goal = Goal.UP
    condemned: bool = False
    in_turn: bool = True
    due: float = math.inf
    incarnation: Incarnation | None = None
    restarts: int = 0
    last_error: str | None = None
    waits_for: str | None = None
    up_replies: list[Reply] = attrs.field(factory=list)
    gone_replies: list[Reply] = attrs.field(factory=list)

    @property
    def kind(self) -> Kind:
        return Kind.SUPERVISOR if isinstance(self.spec, SupervisorSpec) else self.spec.kind

    @property
    def stop_s(self) -> float:
        """Give the time to stop; a supervisor takes what its children take."""
        return math.inf if isinstance(self.spec, SupervisorSpec) else self.spec.stop_s

    @property
    def start_s(self) -> float | None:
        """Give the time to be up; a supervisor takes what its children take."""
        return None if isinstance(self.spec, SupervisorSpec) else self.spec.start_s

    @property
    def must_end(self) -> bool:
        """Say whether an incarnation lives that is not to."""
        return self.incarnation is not None and (self.condemned or self.goal is not Goal.UP)

    @property
    def may_start(self) -> bool:
        """Say whether an incarnation is wanted, and neither one lives nor a rest is being taken."""
        return (
            self.goal is Goal.UP
            and self.incarnation is None
            and self.state is not State.BACKING_OFF
        )

    def enter(self, state: State, due: float = math.inf) -> None:
        """Come to a state, to be acted on at `due` at the latest."""
        if state is not self.state:
            self.since = trio.current_time()
        self.state = state
        self.due = due

    def give_up_replies(self, error: Exception | None = None) -> None:
        """Answer those who wait for the child to be up."""
        for reply in self.up_replies:
            reply.give(error)
        self.up_replies.clear()

    def change(self, removed: bool = False) -> Change:
        """Say what the slot is now."""
        return Change(
            path=self.path,
            kind=self.kind,
            state=self.state,
            since=self.since,
            restarts=self.restarts,
            last_error=self.waits_for or self.last_error,
            removed=removed,
        )

    def node(self) -> Node:
        """Draw the picture of the slot and of what is below it."""
        spec, keeper = self.spec, self.keeper
        return Node(
            path=self.path,
            kind=self.kind,
            strategy=spec.strategy if isinstance(spec, SupervisorSpec) else None,
            state=self.state,
            since=self.since,
            restarts=self.restarts,
            last_error=self.waits_for or self.last_error,
            stats=dict(spec.statistics()) if spec.statistics is not None else {},
            children=tuple(slot.node() for slot in keeper.slots.values()) if keeper else (),
        )
