"""What the loop of a supervisor is told.

Owns: the messages of its children and of operators, and the reply to the latter. Invariant: every
request gets its reply exactly once, also when the supervisor ends. Holds no state of the tree.
Source: ARCHITECTURE 4.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import attrs
import trio

from saleroom.supervisor.spec import Spec

if TYPE_CHECKING:
    from saleroom.supervisor.slot import Incarnation, Slot


@attrs.define(eq=False)
class Reply:
    """The answer to one operator's request, given once."""

    _given: trio.Event = attrs.field(factory=trio.Event, init=False)
    _error: Exception | None = attrs.field(default=None, init=False)

    def give(self, error: Exception | None = None) -> None:
        """Answer; the first answer holds."""
        if not self._given.is_set():
            self._error = error
            self._given.set()

    async def wait(self) -> None:
        """Wait for the answer, and raise it if it is an error.

        Cancelled: what was asked is done all the same.
        """
        await self._given.wait()
        if self._error is not None:
            raise self._error


@attrs.frozen(eq=False)
class Said:
    """An incarnation said a word, which it keeps."""

    slot: Slot
    incarnation: Incarnation


@attrs.frozen(eq=False)
class Ended:
    """An incarnation ended; error: how, None if it returned or was cancelled."""

    slot: Slot
    error: Exception | None


@attrs.frozen(eq=False)
class Asked:
    """The supervisor itself was asked to stop."""


@attrs.frozen(eq=False)
class Add:
    spec: Spec
    reply: Reply


@attrs.frozen(eq=False)
class Remove:
    name: str
    reply: Reply


@attrs.frozen(eq=False)
class RestartNow:
    name: str
    reply: Reply


Request: TypeAlias = Add | Remove | RestartNow
Message: TypeAlias = Said | Ended | Asked | Request
