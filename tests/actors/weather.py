"""Faults of a store as context managers: while a block lasts, calls go as the test says.

Owns: the way between an actor and its stores. Invariant: without a fault a call passes unchanged;
what a fault does is decided by its name alone. Source: STYLE "Tests", ports.py (errors).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeAlias, cast

import attrs
import trio

from saleroom.storage.ports import OutcomeUnknown, Stores, StoreUnavailable

Call: TypeAlias = Callable[[], Awaitable[Any]]
Fault: TypeAlias = Callable[[Call], Awaitable[Any]]


async def refused(call: Call) -> Any:
    """Certainly nothing was written."""
    await trio.lowlevel.checkpoint()
    raise StoreUnavailable("the store is away")


async def landed_unknown(call: Call) -> Any:
    """It was written, but nobody says so."""
    await call()
    raise OutcomeUnknown("the connection ended after the commit")


async def lost_unknown(call: Call) -> Any:
    """It was not written, but nobody says so."""
    await trio.lowlevel.checkpoint()
    raise OutcomeUnknown("the connection ended before the commit")


def slow(seconds: float) -> Fault:
    async def fault(call: Call) -> Any:
        await trio.sleep(seconds)
        return await call()

    return fault


def gated(gate: trio.Event) -> Fault:
    """Wait for the gate, then do it."""

    async def fault(call: Call) -> Any:
        await gate.wait()
        return await call()

    return fault


@attrs.define
class _Strike:
    name: str
    fault: Fault
    left: int | None


@attrs.define(eq=False)
class Weather:
    """What stands between the actors and their stores. calls: every call made, by name."""

    calls: list[str] = attrs.field(factory=list)
    _strikes: list[_Strike] = attrs.field(factory=list)

    @contextmanager
    def strikes(self, name: str, fault: Fault, times: int | None = None) -> Iterator[None]:
        """Let calls of this name (or a store's: "journal.") go wrong: all, or the next `times`."""
        strike = _Strike(name, fault, times)
        self._strikes.append(strike)
        try:
            yield
        finally:
            self._strikes.remove(strike)

    @contextmanager
    def postgres_away(self) -> Iterator[None]:
        with (
            self.strikes("journal.", refused),
            self.strikes("snapshots.", refused),
            self.strikes("catalogue.", refused),
        ):
            yield

    def count(self, name: str) -> int:
        return self.calls.count(name)

    def over(self, stores: Stores) -> Stores:
        """Put this weather between a user and its stores."""
        return Stores(
            **{
                name: cast("Any", _Exposed(name, store, self))
                for name, store in attrs.asdict(stores, recurse=False).items()
            }
        )

    async def pass_through(self, name: str, call: Call) -> Any:
        self.calls.append(name)
        for strike in reversed(self._strikes):
            if name.startswith(strike.name) and strike.left != 0:
                if strike.left is not None:
                    strike.left -= 1
                return await strike.fault(call)
        return await call()


class _Exposed:
    """A store under the weather."""

    def __init__(self, name: str, store: object, weather: Weather) -> None:
        self._name = name
        self._store = store
        self._weather = weather

    def __getattr__(self, method: str) -> Callable[..., Awaitable[Any]]:
        call = getattr(self._store, method)

        async def exposed(*args: Any, **named: Any) -> Any:
            return await self._weather.pass_through(
                f"{self._name}.{method}", lambda: call(*args, **named)
            )

        return exposed
