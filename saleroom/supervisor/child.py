"""What one incarnation of a child is handed.

Owns: the words between a running child and its supervisor. Invariant: a child only reports and is
only asked; it never touches its supervisor's state. Knows neither its spec nor its siblings.
Source: ARCHITECTURE 4 and I7 (waiting for a store is a state of a child, never a restart).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import trio

Hear: TypeAlias = Callable[[str | None], None]


class Child:
    """What one incarnation is handed: where it stands, and how it and its supervisor talk.

    stopping: set when the child is asked to stop; it then has `stop_s` to return, before it is
    cancelled.
    """

    __slots__ = ("_hear", "path", "stopping")

    def __init__(self, path: str, hear: Hear) -> None:
        self.path = path
        self.stopping = trio.Event()
        self._hear = hear

    def started(self) -> None:
        """Say that the child is up; the next sibling starts only then."""
        self._hear(None)

    def waiting(self, reason: str) -> None:
        """Say that the child is not up, and for what it waits: a store is away, say.

        It is `starting` (again) until `started()`, with `start_s` counted anew. The retrying is
        the child's own; its supervisor counts no restart.
        """
        self._hear(reason)
