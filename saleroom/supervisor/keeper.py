"""The control loop of one supervisor.

Owns: the slots of its children, and their tasks. Invariant: one task, the loop, writes the slots;
children and operators send it messages. After each message it compares what is with what is to be
and takes every step that is free: stop what must end (in reverse order), forget what is gone,
start what may start (in order). It is itself the body of a child, so that supervisors nest, and
knows nothing of what its children do. Source: OTP `supervisor`; ARCHITECTURE 4.

A supervisor that starts anew starts all its children: those of its spec, those added since and
not removed, and those that were parked. (In OTP, added children end with their supervisor; here
their specs own what outlives them, such as mailboxes.)
"""

from __future__ import annotations

import logging
import math
import random
from collections.abc import Callable
from typing import TypeAlias

import trio

from saleroom.supervisor.child import Child
from saleroom.supervisor.errors import (
    ChildExists,
    ChildNotStarted,
    ReturnedUnasked,
    StartTimedOut,
    SupervisorDown,
    SupervisorFailed,
    UnknownChild,
    describe,
)
from saleroom.supervisor.messages import (
    Add,
    Asked,
    Ended,
    Message,
    Remove,
    Reply,
    Request,
    RestartNow,
    Said,
)
from saleroom.supervisor.slot import Goal, Incarnation, Slot
from saleroom.supervisor.spec import (
    ON_EXIT,
    Action,
    Exit,
    Restart,
    Spec,
    Strategy,
    SupervisorSpec,
    affected,
)
from saleroom.supervisor.tree import Change, State
from saleroom.supervisor.window import RestartWindow

logger = logging.getLogger("saleroom.supervisor")

OnChange: TypeAlias = Callable[[Change], None]


class Keeper:
    """A supervisor: `run` is one incarnation of it; the slots outlive that."""

    def __init__(
        self, spec: SupervisorSpec, path: str, rng: random.Random, on_change: OnChange
    ) -> None:
        self._spec = spec
        self._path = path
        self._rng = rng
        self._on_change = on_change
        self._specs: dict[str, Spec] = {child.name: child for child in spec.children}
        self.slots: dict[str, Slot] = {name: self._slot(s) for name, s in self._specs.items()}
        self._window = RestartWindow(spec.intensity, spec.period_s)
        self._nursery: trio.Nursery | None = None
        # Bounded by its senders: each incarnation has at most one unheard word and one end
        # in it, each operator's task one request.
        self._send, self._receive = trio.open_memory_channel[Message](math.inf)
        self._is_up = False
        self._is_closing = False
        self._failure: tuple[Slot, Exception] | None = None

    async def run(self, child: Child) -> None:
        """Keep the children until asked to stop; then stop them in reverse order.

        Raises SupervisorFailed, chaining the cause, when the intensity is exceeded and all
        children are down. Cancelled: all children are cancelled at once.
        """
        self._begin()
        try:
            async with trio.open_nursery() as nursery:
                self._nursery = nursery
                nursery.start_soon(self._relay, child.stopping)
                await self._loop(child)
                nursery.cancel_scope.cancel()
        finally:
            self._end()
        if self._failure is not None:
            culprit, cause = self._failure
            raise SupervisorFailed(self._path, culprit.path, cause) from cause

    async def ask(self, request: Request) -> None:
        """Hand an operator's request to the loop, and wait until it is fulfilled.

        Raises UnknownChild, ChildExists, ChildNotStarted, SupervisorDown.
        """
        if self._nursery is None:
            raise SupervisorDown(f"{self._path} does not run")
        self._send.send_nowait(request)
        await request.reply.wait()

    async def _relay(self, stopping: trio.Event) -> None:
        await stopping.wait()
        self._send.send_nowait(Asked())

    def _begin(self) -> None:
        self._window = RestartWindow(self._spec.intensity, self._spec.period_s)
        self._is_up = self._is_closing = False
        self._failure = None
        self.slots = {
            name: self.slots.get(name) or self._slot(s) for name, s in self._specs.items()
        }
        for slot in self.slots.values():
            slot.goal = Goal.UP
            slot.in_turn = True

    async def _loop(self, child: Child) -> None:
        while True:
            if child.stopping.is_set():
                self._close()
            self._stop_what_must_end()
            self._forget_what_is_gone()
            self._start_what_may()
            if self._is_closing and all(s.incarnation is None for s in self.slots.values()):
                return
            if not self._is_up and not self._is_closing and self._all_up():
                self._is_up = True
                child.started()
            await self._hear()

    def _end(self) -> None:
        self._nursery = None
        for slot in self.slots.values():
            slot.condemned = False
            self._wake(slot)
            if slot.incarnation is not None:
                slot.incarnation = slot.waits_for = None
                self._enter(slot, State.STOPPED)
        self._forget_what_is_gone()
        down = SupervisorDown(f"{self._path} has stopped")
        for slot in self.slots.values():
            slot.give_up_replies(down)
        while self._receive.statistics().current_buffer_used:
            message = self._receive.receive_nowait()
            if isinstance(message, Add | Remove | RestartNow):
                message.reply.give(down)

    # Steps: each is a comparison of what is with what is to be.

    def _stop_what_must_end(self) -> None:
        is_in_order = self._is_closing or self._spec.strategy is not Strategy.ONE_FOR_ONE
        for slot in reversed(self.slots.values()):
            incarnation = slot.incarnation
            if incarnation is None or not slot.must_end:
                continue
            if slot.state is not State.STOPPING:
                incarnation.child.stopping.set()
                self._enter(slot, State.STOPPING, slot.stop_s)
            if is_in_order:
                return

    def _forget_what_is_gone(self) -> None:
        gone = [s for s in self.slots.values() if s.goal is Goal.GONE and s.incarnation is None]
        for slot in gone:
            del self.slots[slot.spec.name]
            slot.give_up_replies(ChildNotStarted(f"{slot.path}: {slot.last_error or 'ended'}"))
            for reply in slot.gone_replies:
                reply.give()
            self._on_change(slot.change(removed=True))

    def _start_what_may(self) -> None:
        slots = self.slots.values()
        is_held = any(slot.state is State.BACKING_OFF or slot.must_end for slot in slots)
        for slot in slots:
            if slot.may_start and not (is_held and slot.in_turn):
                self._start(slot)
            is_held = is_held or (slot.goal is Goal.UP and slot.state is not State.RUNNING)

    def _all_up(self) -> bool:
        return all(s.state is State.RUNNING for s in self.slots.values() if s.goal is Goal.UP)

    # What happens to the loop.

    async def _hear(self) -> None:
        """Wait for a message or the next due time, and take in all that has come."""
        due = min((slot.due for slot in self.slots.values()), default=math.inf)
        with trio.move_on_at(due):
            self._take(await self._receive.receive())
        while self._receive.statistics().current_buffer_used:
            self._take(self._receive.receive_nowait())
        now = trio.current_time()
        for slot in self.slots.values():
            if slot.due <= now:
                self._act_when_due(slot)

    def _take(self, message: Message) -> None:
        match message:
            case Said(slot, incarnation):
                self._take_word(slot, incarnation)
            case Ended(slot, error):
                self._take_end(slot, error)
            case Asked():
                pass
            case request if self._is_closing:
                request.reply.give(SupervisorDown(f"{self._path} is stopping"))
            case Add(spec, reply):
                self._add(spec, reply)
            case Remove(name, reply):
                self._remove(name, reply)
            case RestartNow(name, reply):
                self._restart_now(name, reply)

    def _take_word(self, slot: Slot, incarnation: Incarnation) -> None:
        incarnation.is_unheard = False
        if slot.incarnation is not incarnation or slot.state is State.STOPPING:
            return
        slot.waits_for = incarnation.word
        if incarnation.word is not None:
            self._enter(slot, State.STARTING, slot.start_s)
            return
        self._enter(slot, State.RUNNING)
        if not slot.must_end:
            slot.give_up_replies()

    def _take_end(self, slot: Slot, error: Exception | None) -> None:
        was_asked, incarnation = slot.must_end, slot.incarnation
        assert incarnation is not None
        slot.incarnation = slot.waits_for = None
        slot.condemned = False
        if incarnation.timed_out is not None:
            incarnation.timed_out.__cause__ = error
            error = incarnation.timed_out
        if error is not None:
            self._record(slot, error)
        if was_asked:
            self._enter(slot, State.STOPPED)
            return
        action = ON_EXIT[slot.spec.restart, Exit.CRASHED if error else Exit.RETURNED]
        if action is Action.RESTART:
            if error is None:
                error = ReturnedUnasked()
                self._record(slot, error)
            self._restart_or_give_up(slot, error)
            return
        slot.goal = Goal.GONE if action is Action.FORGET else Goal.DOWN
        self._enter(slot, State.STOPPED)
        if action is Action.LEAVE:
            slot.give_up_replies()

    def _act_when_due(self, slot: Slot) -> None:
        incarnation = slot.incarnation
        if incarnation is None:
            self._enter(slot, State.STOPPED)
            return
        if slot.state is State.STARTING and slot.start_s is not None:
            incarnation.timed_out = StartTimedOut(slot.start_s)
        self._enter(slot, State.STOPPING)
        incarnation.scope.cancel()

    def _add(self, spec: Spec, reply: Reply) -> None:
        if spec.name in self.slots:
            reply.give(ChildExists(self.slots[spec.name].path))
            return
        if spec.restart is not Restart.TEMPORARY:
            self._specs[spec.name] = spec
        slot = self.slots[spec.name] = self._slot(spec)
        slot.in_turn = self._spec.strategy is not Strategy.ONE_FOR_ONE
        slot.up_replies.append(reply)

    def _remove(self, name: str, reply: Reply) -> None:
        slot = self.slots.get(name)
        if slot is None:
            reply.give(UnknownChild(f"{self._path}/{name}"))
            return
        self._specs.pop(name, None)
        slot.goal = Goal.GONE
        slot.gone_replies.append(reply)
        self._wake(slot)

    def _restart_now(self, name: str, reply: Reply) -> None:
        slot = self.slots.get(name)
        if slot is None or slot.goal is Goal.GONE:
            reply.give(UnknownChild(f"{self._path}/{name}"))
            return
        self._renew(slot)
        slot.up_replies.append(reply)

    def _restart_or_give_up(self, culprit: Slot, error: Exception) -> None:
        if culprit.spec.parked:
            culprit.goal = Goal.DOWN
            self._enter(culprit, State.FAILED)
            culprit.give_up_replies()
        elif self._window.admit(trio.current_time()):
            self._renew(culprit)
            culprit.restarts += 1
            rest_s = self._spec.backoff.delay_s(len(self._window), self._rng)
            self._enter(culprit, State.BACKING_OFF, rest_s)
        else:
            self._failure = culprit, error
            self._enter(culprit, State.FAILED)
            self._close()

    def _renew(self, culprit: Slot) -> None:
        """Have the culprit, and whom the strategy takes along, end and start again."""
        for name in affected(self._spec.strategy, list(self.slots), culprit.spec.name):
            slot = self.slots[name]
            if slot is not culprit:
                if slot.state is State.FAILED or slot.goal is Goal.GONE:
                    continue
                if slot.spec.restart is Restart.TEMPORARY:
                    slot.goal = Goal.GONE
                    continue
                if slot.incarnation is not None:
                    slot.restarts += 1
            slot.goal = Goal.UP
            slot.condemned = slot.incarnation is not None
            self._wake(slot)

    def _close(self) -> None:
        """Have every child end, and none start again."""
        self._is_closing = True
        for slot in self.slots.values():
            is_temporary = slot.spec.restart is Restart.TEMPORARY
            slot.goal = Goal.GONE if is_temporary or slot.goal is Goal.GONE else Goal.DOWN
            self._wake(slot)

    # Children.

    def _slot(self, spec: Spec) -> Slot:
        path = f"{self._path}/{spec.name}"
        if isinstance(spec, SupervisorSpec):
            keeper = Keeper(spec, path, self._rng, self._on_change)
            return Slot(spec, path, keeper.run, keeper)
        return Slot(spec, path, spec.run)

    def _start(self, slot: Slot) -> None:
        assert self._nursery is not None

        def hear(word: str | None) -> None:
            incarnation.word = word
            if not incarnation.is_unheard:
                incarnation.is_unheard = True
                self._send.send_nowait(Said(slot, incarnation))

        incarnation = Incarnation(Child(slot.path, hear))
        slot.incarnation = incarnation
        slot.in_turn = self._spec.strategy is not Strategy.ONE_FOR_ONE
        self._enter(slot, State.STARTING, slot.start_s)
        self._nursery.start_soon(self._live, slot, incarnation, name=slot.path)

    async def _live(self, slot: Slot, incarnation: Incarnation) -> None:
        error: Exception | None = None
        try:
            with incarnation.scope:
                await slot.run(incarnation.child)
        except Exception as crash:
            error = crash
        self._send.send_nowait(Ended(slot, error))

    def _wake(self, slot: Slot) -> None:
        if slot.state is State.BACKING_OFF:
            self._enter(slot, State.STOPPED)

    def _enter(self, slot: Slot, state: State, within_s: float | None = None) -> None:
        slot.enter(state, math.inf if within_s is None else trio.current_time() + within_s)
        self._on_change(slot.change())

    def _record(self, slot: Slot, error: Exception) -> None:
        slot.last_error = describe(error)
        has_traceback = not isinstance(error, SupervisorFailed | ReturnedUnasked)
        logger.error("%s: %s", slot.path, slot.last_error, exc_info=has_traceback and error)
