"""A reliance: what a child tells its supervisor of a store that it works with.

Owns: whether the store is away, how often it was, and how long to rest. Invariant: a store that is
away is waited for and never ends the child; until the child `is_known` to have worked, it counts as
started all the same, so that the doors do not wait for it too and `/ready` can say what is away.
Must not know: what is done with the store. Source: ARCHITECTURE I7.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import attrs

from saleroom.supervisor.child import Child


@attrs.define(eq=False)
class Reliance:
    """Tries of one child. errors: what says that the store is away; any other goes its way.

    rest_s, retry_s: between two tries while the store answers, and while it is away. away: why it
    is. failures: counted over all incarnations of the child.
    """

    errors: tuple[type[Exception], ...]
    rest_s: float
    retry_s: float
    is_known: bool = attrs.field(init=False, default=False)
    away: str | None = attrs.field(init=False, default=None)
    failures: int = attrs.field(init=False, default=0)

    @contextmanager
    def trying(self, child: Child) -> Iterator[None]:
        """Try something; an error of the store's ends the block, and is told as waiting."""
        try:
            yield
        except self.errors as error:
            self.failures += 1
            self.away = str(error)
            if self.is_known:
                child.waiting(self.away)
            else:
                child.started()
        else:
            self.is_known, self.away = True, None
            child.started()

    @property
    def wait_s(self) -> float:
        """How long to rest before the next try."""
        return self.rest_s if self.away is None else self.retry_s
