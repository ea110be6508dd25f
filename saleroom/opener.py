"""The opener: every event of the journal has its place in the supervision tree.

Owns: the looking for events that have none, also those that another program brings. Invariant: no
event is opened twice, and one that is open stays. Source: ARCHITECTURE 4, I7.
"""

from __future__ import annotations

from collections.abc import Callable

import attrs
import trio

from saleroom.actors.registry import EVENTS_PATH, Registry
from saleroom.reach import RETRY_S
from saleroom.storage.ports import StoreUnavailable
from saleroom.supervisor import Child

CHECK_S = 10.0
"""Between two looks for events that another program has put into the journal."""


@attrs.define(eq=False)
class Opener:
    """A supervised child's body. is_up: whether the server has been up.

    are_known: whether it has been learnt which events there are.
    """

    registry: Registry
    is_up: Callable[[], bool]
    are_known: bool = attrs.field(init=False, default=False)

    async def run(self, child: Child) -> None:
        """Open events until asked to stop."""
        assert self.registry.supervisor is not None
        async with trio.open_nursery() as nursery:
            while not child.stopping.is_set():
                for event, is_public in await self._known_events(child):
                    if self.registry.site(event) is None:
                        spec = self.registry.event_spec(event, is_public=is_public)
                        nursery.start_soon(self.registry.supervisor.add_child, EVENTS_PATH, spec)
                child.started()
                with trio.move_on_after(CHECK_S):
                    await child.stopping.wait()
            nursery.cancel_scope.cancel()

    async def _known_events(self, child: Child) -> list[tuple[str, bool]]:
        """List the journal's events that have no site yet, with whether they are public."""
        stores = self.registry.stores
        while not child.stopping.is_set():
            try:
                new = [e for e in await stores.journal.events() if self.registry.site(e) is None]
                known = [(event, (await stores.catalogue.event(event)).public) for event in new]
            except StoreUnavailable as error:
                if self.is_up():
                    child.waiting(str(error))
                else:
                    child.started()
                await trio.sleep(RETRY_S)
            else:
                self.are_known = True
                return known
        return []
