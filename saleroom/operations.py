"""What operators may do to a running server, over whichever door they come.

Owns: the way from an operator's command to the supervision tree. Invariant: an order that was given
is carried out even if the operator leaves, and stands in the audit under the names that it has over
HTTP; it is answered within a bound.
Source: PROTOCOL sections 7 and 8.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import attrs
import trio

from saleroom.actors.operator_session import Refused
from saleroom.actors.registry import Registry
from saleroom.auction.roles import Role
from saleroom.http.operations.audit_trail import Trail
from saleroom.supervisor import (
    ChildExists,
    ChildNotStarted,
    Supervisor,
    SupervisorDown,
    UnknownChild,
)

ANSWER_S = 4.0
"""An operator is answered within this; what takes longer goes on, and the tree shows it."""


@attrs.define(eq=False)
class Operations:
    """Carry out operators' commands."""

    supervisor: Supervisor
    registry: Registry
    stop_server: Callable[[], Awaitable[None]]
    trail: Trail

    async def restart_child(self, who: str, path: str) -> None:
        """Stop a child and start it again, a parked one too. Raises Refused."""
        await self._order(self.supervisor.restart_child, path)
        await self.trail.note(who, Role.OPERATOR, "child.restart", target=path)

    async def stop_event(self, who: str, event: str) -> None:
        """Stop an event's actor; its sockets stay, its commands are answered OVERLOADED."""
        await self._order(self.registry.stop, event)
        await self.trail.note(who, Role.OPERATOR, "event.stop", event=event)

    async def start_event(self, who: str, event: str) -> None:
        """Start an event that was stopped. Raises Refused."""
        if self.registry.site(event) is None:
            raise Refused("UNKNOWN_EVENT", "there is no such event here")
        await self._order(self.registry.start, event)
        await self.trail.note(who, Role.OPERATOR, "event.start", event=event)

    async def drain(self, who: str) -> None:
        """Ask for an orderly stop of the whole server, and return at once."""
        await self.trail.note(who, Role.OPERATOR, "server.drain")
        await self.stop_server()

    @staticmethod
    async def _order(do: Callable[[str], Awaitable[None]], what: str) -> None:
        try:
            with trio.move_on_after(ANSWER_S):
                await do(what)
        except UnknownChild:
            raise Refused("UNKNOWN_CHILD", f"there is no child {what}") from None
        except ChildExists:
            raise Refused("ALREADY_RUNNING", f"{what} runs already") from None
        except (ChildNotStarted, SupervisorDown) as error:
            raise Refused("CHILD_DOWN", str(error) or "its supervisor is down") from None
