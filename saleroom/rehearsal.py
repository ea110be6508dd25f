"""Rehearsals: a scripted sale in virtual time, through the real actor, rules and codec.

Owns: the reading of scenario files and the checking of their expectations. Invariant: no socket, no
database and no clock on the wall; the same file gives the same lines. Source: PROTOCOL section 9.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import attrs
import orjson
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from saleroom.actors.clock import Clock
from saleroom.actors.event import EventActor
from saleroom.actors.site import Site, SiteLimits, new_site
from saleroom.auction.book import Book
from saleroom.auction.definition import (
    DefinitionError,
    define_event,
    define_lot,
    event_plain,
    lot_plain,
)
from saleroom.auction.facts import EventDefined
from saleroom.auction.money import is_amount
from saleroom.auction.record import KEY_BYTES
from saleroom.auction.roles import Role
from saleroom.auction.state import leaderboard
from saleroom.protocol.answers import nack
from saleroom.protocol.session import Perform, Refuse, SessionLimits, SessionMachine
from saleroom.protocol.views import event_view, lot_view
from saleroom.storage.memory import memory_stores
from saleroom.storage.ports import Record, Stores
from saleroom.supervisor import Child

EVENT = "rehearsal"
OFF_STAGE = frozenset({"opened", "starts_at", "public"})
"""What may stand in a scenario's event, and the rules never see."""
UNLIMITED = SessionLimits(malformed_max=10**9, donor_rate=1e9, donor_burst=1e9, staff_rate=1e9)
VERSION = 1


class NotAScenario(ValueError):
    """The file, or one scenario in it, is not of PROTOCOL 9's form."""


@attrs.frozen
class Scenario:
    """One scenario as written; `name` is for people."""

    name: str
    event: Mapping[str, Any]
    paddles: list[Mapping[str, Any]]
    lots: list[Mapping[str, Any]]
    steps: list[Mapping[str, Any]]


def read_scenarios(content: bytes) -> list[Scenario]:
    """Read a file's scenarios, one or an array. Raises NotAScenario."""
    try:
        raw = orjson.loads(content)
    except ValueError as error:
        raise NotAScenario(f"not JSON: {error}") from None
    scenarios = [_scenario(item) for item in (raw if isinstance(raw, list) else [raw])]
    if not scenarios:
        raise NotAScenario("the array holds no scenario")
    return scenarios


async def rehearse(scenario: Scenario, clock: MockClock) -> list[str]:
    """Play a scenario; give one line per expectation that failed. Runs under `clock`.

    Raises NotAScenario for definitions that are refused.
    """
    stage = await _set_stage(scenario, clock)
    failures = []
    async with trio.open_nursery() as nursery:
        await stage.raise_curtain(nursery)
        for number, step in enumerate(scenario.steps, 1):
            await stage.go_to(step["at"])
            for fault in await stage.play(step):
                failures.append(f"{scenario.name}: step {number} at {step['at']}: {fault}")
        nursery.cancel_scope.cancel()
    return failures


@attrs.define(eq=False)
class _Stage:
    """One event on stage: its actor, and how far its facts have been checked."""

    site: Site
    stores: Stores
    clock: MockClock
    is_opened: bool
    began: float = 0.0
    checked_seq: int = 0
    _scope: trio.CancelScope | None = None
    _nursery: trio.Nursery | None = None

    async def raise_curtain(self, nursery: trio.Nursery) -> None:
        self.began = trio.current_time()
        self._nursery = nursery
        await self._start_actor()
        if self.is_opened:
            await self._ask({"type": "open_event", "id": "open"}, Role.AUCTIONEER, "rehearsal")
            assert self.site.published is not None
            self.checked_seq = self.site.published.seq

    async def go_to(self, at: int) -> None:
        """Go to the middle of a ms, so that every deadline of that ms has fired."""
        ahead = self.began + (at + 0.5) / 1000 - trio.current_time()
        if ahead > 0:
            self.clock.jump(ahead)
        await wait_all_tasks_blocked()

    async def play(self, step: Mapping[str, Any]) -> list[str]:
        if "crash" in step:
            await self._crash()
            return []
        if "state" in step:
            return list(self._check_state(step["state"]))
        if "facts" in step:
            return self._check_facts(step["facts"])
        who = step["as"]
        answer = await self._ask(step["send"], Role(who["role"]), who["user"])
        wanted = "ack" if "ack" in step else "nack"
        if answer["type"] != wanted:
            shown = {k: v for k, v in answer.items() if k in ("type", "code", "message")}
            return [f"expected {wanted}, got {shown}"]
        return list(_differences(step[wanted], answer, wanted))

    async def _ask(self, message: Mapping[str, Any], role: Role, user: str) -> dict[str, Any]:
        """Send a command through codec, session machine and mailbox; give its answer."""
        machine = SessionMachine(UNLIMITED)
        machine.admitted(role, 0.0)
        step = machine.receive(orjson.dumps(message).decode(), 0.0)
        answers: list[bytes] = []
        if isinstance(step, Perform):
            self.site.tell(step.ask, user, role, answers.append)
            await wait_all_tasks_blocked()
        elif isinstance(step, Refuse):
            answers.append(nack(step.re, step.refusal, 0, 0))
        if not answers:
            return {"type": "no answer"}
        answer: dict[str, Any] = orjson.loads(answers[0])
        return answer

    def _check_state(self, wanted: Mapping[str, Any]) -> Iterator[str]:
        assert self.site.published is not None
        state = self.site.published.state
        if "lot" in wanted:
            lot = state.lots.get(wanted["lot"])
            view = {} if lot is None else lot_view(lot, len(state.paddles))
            yield from _differences(wanted, view, f"lot {wanted['lot']}")
        if "event" in wanted:
            view = event_view(state, self.site.clock.now_ms())
            yield from _differences(wanted["event"], view, "event")
        if "leaderboard" in wanted:
            board = leaderboard(state)
            if len(board) != len(wanted["leaderboard"]):
                yield f"leaderboard: expected {wanted['leaderboard']}, got {board}"
            else:
                for place, (row, got) in enumerate(zip(wanted["leaderboard"], board, strict=True)):
                    yield from _differences(row, got, f"leaderboard {place + 1}")

    def _check_facts(self, wanted: list[str]) -> list[str]:
        assert self.site.published is not None
        facts = self.site.published.tail.since(self.checked_seq + 1)
        self.checked_seq = self.site.published.seq
        got = [orjson.loads(fact.encoded())["type"] for fact in facts]
        return [] if got == wanted else [f"facts: expected {wanted}, got {got}"]

    async def _start_actor(self) -> None:
        actor = EventActor(
            self.site, self.stores.journal, self.stores.snapshots, self.stores.catalogue
        )
        assert self._nursery is not None
        self._scope = trio.CancelScope()

        async def run() -> None:
            assert self._scope is not None
            with self._scope:
                await actor.run(Child("rehearsal", lambda reason: None))

        self._nursery.start_soon(run)
        await wait_all_tasks_blocked()

    async def _crash(self) -> None:
        assert self._scope is not None
        self._scope.cancel()
        await wait_all_tasks_blocked()
        self.site.alive_at = self.site.clock.now_ms()
        await self._start_actor()


async def _set_stage(scenario: Scenario, clock: MockClock) -> _Stage:
    stores = memory_stores()
    settings = {k: v for k, v in scenario.event.items() if k not in OFF_STAGE}
    try:
        event = define_event({"id": EVENT, "title": scenario.name[:500] or EVENT, **settings})
        lots = [define_lot({"title": f"Lot {raw.get('lot')}", **raw}) for raw in scenario.lots]
    except DefinitionError as error:
        raise NotAScenario(f"{scenario.name}: {error}") from None
    fact = EventDefined(
        event_plain(event),
        [lot_plain(lot) for lot in lots],
        [_paddle(raw, event.terms_version) for raw in scenario.paddles],
        bytes(KEY_BYTES).hex(),
    )
    _, first = Book.new(fact, "rehearsal", 0)
    record = Record(first.entry.position, first.entry.seq, first.body, first.head)
    await stores.journal.create(EVENT, "rehearsal", [record])
    site = new_site(EVENT, Clock(wall_ms=0.0), SiteLimits())
    return _Stage(site, stores, clock, scenario.event.get("opened", True))


def _paddle(raw: Mapping[str, Any], terms_version: int) -> dict[str, Any]:
    accepted = terms_version if raw.get("terms", True) else 0
    kept = {k: v for k, v in raw.items() if k in ("user", "limit", "table") and v is not None}
    flags = {"is_captain": bool(raw.get("captain")), "opted_in": bool(raw.get("opted_in"))}
    return {"number": raw["paddle"], **kept, **flags, "terms_version": accepted}


def _differences(wanted: Mapping[str, Any], got: Mapping[str, Any], what: str) -> Iterator[str]:
    for name, value in wanted.items():
        if isinstance(value, Mapping) and isinstance(got.get(name), Mapping):
            yield from _differences(value, got[name], f"{what}.{name}")
        elif name not in got or got[name] != value:
            yield f"{what}: expected {name}={value!r}, got {got.get(name)!r}"


def _scenario(raw: object) -> Scenario:
    if not isinstance(raw, dict) or raw.get("scenario") != VERSION:
        raise NotAScenario(f'a scenario is an object with "scenario": {VERSION}')
    name = raw.get("name", "")
    parts = {key: raw.get(key, []) for key in ("paddles", "lots", "steps")}
    event = raw.get("event", {})
    if not isinstance(name, str) or not isinstance(event, dict):
        raise NotAScenario("name is a text, event an object")
    if not isinstance(event.get("opened", True), bool):
        raise NotAScenario(f"{name}: opened is true or false")
    for key, items in parts.items():
        if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
            raise NotAScenario(f"{name}: {key} is an array of objects")
    now = 0
    for number, step in enumerate(parts["steps"], 1):
        if fault := _step_fault(step, now):
            raise NotAScenario(f"{name}: step {number}: {fault}")
        now = step["at"]
    for paddle in parts["paddles"]:
        if fault := _paddle_fault(paddle):
            raise NotAScenario(f"{name}: paddle {paddle.get('paddle')!r}: {fault}")
    for key, of in (("lot", "lots"), ("paddle", "paddles"), ("user", "paddles")):
        named = [item[key] for item in parts[of] if item.get(key) is not None]
        if twice := next((value for value in named if named.count(value) > 1), None):
            raise NotAScenario(f"{name}: {key} {twice!r} stands there twice")
    return Scenario(name, event, **parts)


def _paddle_fault(paddle: Mapping[str, Any]) -> str | None:
    """Say what is wrong with a paddle, None when nothing is."""
    if type(paddle.get("paddle")) is not int or paddle["paddle"] < 1:
        return "`paddle` is a number from 1"
    if not all(isinstance(paddle.get(key) or "", str) for key in ("user", "table")):
        return "user and table are texts"
    limit = paddle.get("limit")
    if limit is not None and not (type(limit) is int and is_amount(limit)):
        return "limit is an amount"
    if not isinstance(paddle.get("terms", True), bool):
        return "terms is true or false"
    return None


def _step_fault(step: Mapping[str, Any], now: int) -> str | None:
    """Say what is wrong with a step that comes at or after `now`, None when nothing is."""
    at = step.get("at")
    if type(at) is not int or at < 0:
        return "`at` is a whole number of ms from 0"
    if at < now:
        return f"`at` goes back from {now}"
    kinds = [kind for kind in ("send", "state", "facts", "crash") if kind in step]
    if len(kinds) != 1:
        return "a step has one of send, state, facts and crash"
    if "send" in step:
        who = step.get("as")
        if not isinstance(who, dict) or not isinstance(who.get("user"), str):
            return "`as` is {role, user}"
        if who.get("role") not in [role.value for role in Role]:
            return f"unknown role {who.get('role')!r}"
        if ("ack" in step) == ("nack" in step):
            return "a send expects an ack or a nack"
        expected = step.get("ack", step.get("nack"))
        if not isinstance(step["send"], dict) or not isinstance(expected, dict):
            return "send, ack and nack are objects"
    if "state" in step:
        return _state_fault(step["state"])
    if "facts" in step and not isinstance(step["facts"], list):
        return "facts is an array"
    if "crash" in step and step["crash"] is not True:
        return "crash is true"
    return None


def _state_fault(state: object) -> str | None:
    if not isinstance(state, dict) or not state.keys() & {"lot", "event", "leaderboard"}:
        return "state is an object with a lot, event or leaderboard"
    if "lot" in state and type(state["lot"]) is not int:
        return "lot is a number"
    if not isinstance(state.get("event", {}), dict):
        return "event is an object"
    board = state.get("leaderboard", [])
    if not isinstance(board, list) or not all(isinstance(row, dict) for row in board):
        return "leaderboard is an array of objects"
    return None
