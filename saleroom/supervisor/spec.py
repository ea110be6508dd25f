"""What a supervision tree is to be: child specs, restart types, strategies, and their tables.

Owns: the description, as frozen data. Invariant: `ON_EXIT` and `REACH` are total, and the only
place where restart types and strategies get their meaning. Knows nothing of tasks or of time.
Source: OTP `supervisor` (child specification, restart strategy); ARCHITECTURE 4.
"""

from __future__ import annotations

import enum
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Any, TypeAlias

import attrs
from attrs import validators

from saleroom.supervisor.child import Child
from saleroom.supervisor.window import Backoff

Run: TypeAlias = Callable[[Child], Awaitable[None]]
Statistics: TypeAlias = Callable[[], Mapping[str, Any]]


class Restart(enum.Enum):
    """When a child that ended without being asked is started again."""

    PERMANENT = "permanent"
    TRANSIENT = "transient"
    TEMPORARY = "temporary"


class Strategy(enum.Enum):
    """Whom a restart takes along."""

    ONE_FOR_ONE = "one_for_one"
    ONE_FOR_ALL = "one_for_all"
    REST_FOR_ONE = "rest_for_one"


class Kind(enum.Enum):
    """What a node of the tree is, as the picture names it."""

    SUPERVISOR = "supervisor"
    WORKER = "worker"
    POOL = "pool"


class Exit(enum.Enum):
    """How a child ended that nobody had asked to."""

    RETURNED = "returned"
    CRASHED = "crashed"


class Action(enum.Enum):
    """What its supervisor does about it."""

    RESTART = "restart"
    LEAVE = "leave"  # it stays in the tree, stopped
    FORGET = "forget"


ON_EXIT: Mapping[tuple[Restart, Exit], Action] = {
    (Restart.PERMANENT, Exit.RETURNED): Action.RESTART,
    (Restart.PERMANENT, Exit.CRASHED): Action.RESTART,
    (Restart.TRANSIENT, Exit.RETURNED): Action.LEAVE,
    (Restart.TRANSIENT, Exit.CRASHED): Action.RESTART,
    (Restart.TEMPORARY, Exit.RETURNED): Action.FORGET,
    (Restart.TEMPORARY, Exit.CRASHED): Action.FORGET,
}


@attrs.frozen
class Reach:
    """Which siblings of a restarted child are restarted with it, by their place in start order."""

    earlier: bool
    later: bool


REACH: Mapping[Strategy, Reach] = {
    Strategy.ONE_FOR_ONE: Reach(earlier=False, later=False),
    Strategy.ONE_FOR_ALL: Reach(earlier=True, later=True),
    Strategy.REST_FOR_ONE: Reach(earlier=False, later=True),
}


def affected(strategy: Strategy, names: Sequence[str], culprit: str) -> list[str]:
    """Give those of `names` (in start order) that a restart of `culprit` concerns, in order."""
    place = names.index(culprit)
    reach = REACH[strategy]
    first = 0 if reach.earlier else place
    last = len(names) if reach.later else place + 1
    return list(names[first:last])


def _is_name(_: object, attribute: attrs.Attribute[str], value: str) -> None:
    if not value or "/" in value:
        raise ValueError(f"{attribute.name} must be non-empty and without '/': {value!r}")


def _is_a_limit(_: object, attribute: attrs.Attribute[Any], value: float | None) -> None:
    if value is not None and value <= 0:
        raise ValueError(f"{attribute.name} must be above 0, or None: {value}")


def _can_be_parked(spec: ChildSpec | SupervisorSpec, _: attrs.Attribute[bool], value: bool) -> None:
    if value and spec.restart is Restart.TEMPORARY:
        raise ValueError(f"a temporary child is forgotten and cannot be parked: {spec.name!r}")


@attrs.frozen
class ChildSpec:
    """A worker.

    run: one incarnation; runs until it ends, raises, is asked to stop, or is cancelled.
    stop_s: how long it has after being asked to stop; then it is cancelled.
    start_s: it must say `started()` within this time, counted anew each time it says `waiting()`;
    None: no limit.
    parked: its failure leaves it in the tree as `failed`, neither restarted nor escalated, until
    an operator restarts it or its supervisor starts anew.
    """

    name: str = attrs.field(validator=_is_name)
    run: Run
    restart: Restart = Restart.PERMANENT
    stop_s: float = attrs.field(default=5.0, validator=validators.ge(0))
    start_s: float | None = attrs.field(default=30.0, validator=_is_a_limit)
    parked: bool = attrs.field(default=False, validator=_can_be_parked)
    statistics: Statistics | None = None
    kind: Kind = Kind.WORKER


def _in_order(children: Iterable[Spec]) -> Sequence[Spec]:
    return tuple(children)


def _have_own_names(_: object, __: attrs.Attribute[Sequence[Spec]], value: Sequence[Spec]) -> None:
    names = [spec.name for spec in value]
    if len(set(names)) < len(names):
        raise ValueError(f"two children of one name: {names}")


@attrs.frozen
class SupervisorSpec:
    """A supervisor of workers and supervisors, in start order.

    intensity, period_s: more than so many restarts within that time, and it fails upward.
    parked: as of a worker; its failure is having gone past its intensity.
    A supervisor is up when all its children are, and has no stop limit of its own: each of its
    children has one.
    """

    name: str = attrs.field(validator=_is_name)
    strategy: Strategy
    children: Sequence[Spec] = attrs.field(
        default=(), converter=_in_order, validator=_have_own_names
    )
    intensity: int = attrs.field(default=3, validator=validators.ge(0))
    period_s: float = attrs.field(default=5.0, validator=validators.gt(0))
    backoff: Backoff = attrs.field(factory=Backoff)
    restart: Restart = Restart.PERMANENT
    parked: bool = attrs.field(default=False, validator=_can_be_parked)
    statistics: Statistics | None = None


Spec: TypeAlias = ChildSpec | SupervisorSpec
