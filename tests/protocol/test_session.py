"""The session machine: every cell of its table, the order of refusals, and its rates.

Source: PROTOCOL sections 2, 3 and 5; the first four of rule 29.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from saleroom.auction import commands as c
from saleroom.auction.decide import DECIDES
from saleroom.auction.refusal import Code
from saleroom.auction.roles import LEAST_ROLE, Role
from saleroom.protocol.close import Close
from saleroom.protocol.messages import Ask, Hello, Ping, Refresh
from saleroom.protocol.session import (
    ACTIVE,
    GREETING,
    OVER,
    TABLE,
    Bucket,
    End,
    Greet,
    Perform,
    Pong,
    Refuse,
    Renew,
    SessionLimits,
    SessionMachine,
    Step,
)

HELLO: dict[str, Any] = {"type": "hello", "token": "t"}
PING: dict[str, Any] = {"type": "ping", "t0": 1, "id": "p"}
REFRESH: dict[str, Any] = {"type": "refresh", "token": "t", "id": "r"}
BID: dict[str, Any] = {"type": "place_bid", "id": "b", "lot": 1, "amount": 500}
OPEN: dict[str, Any] = {"type": "open_event", "id": "o"}
BROKEN = "{"

LIMITS = SessionLimits(donor_rate=2.0, donor_burst=3.0, staff_rate=4.0, staff_burst=5.0)


def active(role: Role | None = Role.DONOR, limits: SessionLimits = LIMITS) -> SessionMachine:
    machine = SessionMachine(limits)
    machine.admitted(role, 0.0)
    return machine


def over() -> SessionMachine:
    machine = active(limits=SessionLimits(malformed_max=1))
    machine.receive(BROKEN, 0.0)
    assert machine.state == OVER
    return machine


def send(machine: SessionMachine, frame: dict[str, Any], now: float = 0.0) -> Step:
    return machine.receive(json.dumps(frame), now)


def code_of(step: Step) -> Code:
    assert isinstance(step, Refuse)
    return step.refusal.code


CELLS: list[tuple[str, dict[str, Any], type[Step], Code | Close | None]] = [
    # state, frame, step, code
    (GREETING, HELLO, Greet, None),
    (GREETING, PING, Pong, None),
    (GREETING, BID, Refuse, Code.UNAUTHENTICATED),
    (GREETING, REFRESH, Refuse, Code.UNAUTHENTICATED),
    (ACTIVE, HELLO, Refuse, Code.MALFORMED),
    (ACTIVE, PING, Pong, None),
    (ACTIVE, BID, Perform, None),
    (ACTIVE, REFRESH, Renew, None),
    (OVER, HELLO, End, Close.PROTOCOL),
    (OVER, PING, End, Close.PROTOCOL),
    (OVER, BID, End, Close.PROTOCOL),
    (OVER, REFRESH, End, Close.PROTOCOL),
]


@pytest.mark.parametrize(("state", "frame", "kind", "code"), CELLS)
def test_every_cell(
    state: str, frame: dict[str, Any], kind: type[Step], code: Code | Close | None
) -> None:
    machine = {GREETING: SessionMachine(LIMITS), ACTIVE: active(), OVER: over()}[state]
    step = send(machine, frame)
    assert type(step) is kind
    if isinstance(step, Refuse):
        assert step.refusal.code is code
    if isinstance(step, End):
        assert step.code is code


def test_the_table_has_every_frame_in_every_state() -> None:
    frames = {"hello": Hello, "ping": Ping, "refresh": Refresh, "place_bid": Ask}
    tested = {(state, frames[frame["type"]]) for state, frame, _, _ in CELLS}
    assert tested == {(state, frame) for state, row in TABLE.items() for frame in row}
    assert len(tested) == 3 * 4


def test_a_step_carries_what_was_said() -> None:
    machine = SessionMachine(LIMITS)
    assert send(machine, HELLO) == Greet(Hello("t"))
    assert machine.state == GREETING
    machine.admitted(Role.DONOR, 0.0)
    assert send(machine, PING) == Pong(Ping(1, "p"))
    assert send(machine, REFRESH) == Renew(Refresh("t", "r"))
    step = send(machine, BID)
    assert isinstance(step, Perform)
    assert (step.ask.id, step.ask.command) == ("b", c.PlaceBid(1, 500))


@pytest.mark.parametrize("state", [GREETING, ACTIVE])
def test_the_tenth_malformed_frame_ends_the_session(state: str) -> None:
    limits = SessionLimits()
    machine = SessionMachine(limits) if state == GREETING else active(None, limits)
    for _ in range(9):
        assert code_of(machine.receive(BROKEN, 0.0)) is Code.MALFORMED
        assert type(send(machine, PING)) is Pong
    assert machine.receive(BROKEN, 0.0) == End(Close.PROTOCOL)


def test_a_second_hello_counts_as_malformed() -> None:
    machine = active(limits=SessionLimits(malformed_max=2))
    assert code_of(send(machine, HELLO)) is Code.MALFORMED
    assert send(machine, HELLO) == End(Close.PROTOCOL)


def test_a_malformed_frame_is_answered_to_its_id() -> None:
    step = send(active(), {**BID, "amount": "500"})
    assert isinstance(step, Refuse)
    assert (step.re, step.refusal.code) == ("b", Code.MALFORMED)
    assert step.refusal.message != Code.MALFORMED.value


def exhausted(role: Role | None) -> SessionMachine:
    machine = active(role)
    while type(send(machine, PING)) is Pong:
        pass
    return machine


ORDER: list[tuple[Role | None, dict[str, Any], Code]] = [
    # role, frame sent over the rate, what is said
    (None, {**OPEN, "surplus": 1}, Code.MALFORMED),
    (Role.DONOR, {**OPEN, "surplus": 1}, Code.MALFORMED),
    (None, OPEN, Code.UNAUTHENTICATED),
    (None, BID, Code.UNAUTHENTICATED),
    (Role.DONOR, OPEN, Code.FORBIDDEN),
    (Role.CLERK, OPEN, Code.FORBIDDEN),
    (Role.OPERATOR, BID, Code.FORBIDDEN),
    (Role.DONOR, BID, Code.RATE_LIMITED),
    (Role.AUCTIONEER, OPEN, Code.RATE_LIMITED),
    (None, PING, Code.RATE_LIMITED),
    (Role.DONOR, REFRESH, Code.RATE_LIMITED),
]


@pytest.mark.parametrize(("role", "frame", "code"), ORDER)
def test_the_first_refusals_of_rule_29_in_their_order(
    role: Role | None, frame: dict[str, Any], code: Code
) -> None:
    assert code_of(send(exhausted(role), frame)) is code


@pytest.mark.parametrize(
    ("role", "rate", "burst"), [(Role.DONOR, 2, 3), (Role.CLERK, 4, 5), (None, 2, 3)]
)
def test_the_rate_and_when_to_come_back(role: Role | None, rate: int, burst: int) -> None:
    machine = active(role)
    assert [type(send(machine, PING)) for _ in range(burst)] == [Pong] * burst
    step = send(machine, PING)
    assert isinstance(step, Refuse)
    assert (step.re, step.refusal.code) == ("p", Code.RATE_LIMITED)
    wait_ms = step.refusal.extras["retry_after_ms"]
    assert 1000 / rate <= wait_ms <= 1000 / rate + 1
    assert type(send(machine, PING, wait_ms / 1000)) is Pong
    assert code_of(send(machine, PING, wait_ms / 1000)) is Code.RATE_LIMITED
    later = 1000.0
    assert [type(send(machine, PING, later)) for _ in range(burst)] == [Pong] * burst
    assert code_of(send(machine, PING, later)) is Code.RATE_LIMITED


def test_a_refused_command_costs_nothing() -> None:
    machine = active(Role.DONOR)
    for _ in range(20):
        assert code_of(send(machine, OPEN)) is Code.FORBIDDEN
    assert type(send(machine, BID)) is Perform


def test_a_refresh_keeps_the_rate_that_was_used_up_and_a_new_role_has_its_own() -> None:
    machine = exhausted(Role.DONOR)
    machine.admitted(Role.DONOR, 0.0)
    assert code_of(send(machine, BID)) is Code.RATE_LIMITED
    machine.admitted(Role.AUCTIONEER, 0.0)
    assert type(send(machine, OPEN)) is Perform
    machine.admitted(None, 0.0)
    assert code_of(send(machine, BID)) is Code.UNAUTHENTICATED


def test_a_bucket_never_holds_more_than_its_burst() -> None:
    bucket = Bucket(rate=10, burst=2, level=2, at=0.0)
    assert [bucket.take(1e9) for _ in range(2)] == [0.0, 0.0]
    assert bucket.take(1e9) == pytest.approx(0.1)


def test_every_command_has_a_least_role() -> None:
    assert LEAST_ROLE.keys() == DECIDES.keys()
    assert Role.OPERATOR not in LEAST_ROLE.values()
