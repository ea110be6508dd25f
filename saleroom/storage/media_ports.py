"""Pictures as they are kept: the objects themselves, and the ledger of which there are.

Owns: the interfaces of both. Invariant: an object's key is a digest of its bytes, so that nobody
ever changes one; an object that a lot shows is never removed. Knows nothing of what is in them.
Source: PROTOCOL 7 (images), decision 0010.

Which lots show which object stands in the lots' details, under `images`. The ledger says what lies
in the object store and since when nobody asked for it, because an object store cannot be asked.
Removal has three steps, so that a picture sent again meanwhile is not lost: `doom`, delete the
object, `forget`. A key that is doomed is not taken before it is forgotten.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

IMAGES = "images"
"""The name under which a lot's details list its pictures, each {key, ..., thumbnails: [{key}]}."""


class Objects(Protocol):
    """A store of bytes by key. Every call may raise StoreUnavailable."""

    async def put(self, key: str, data: bytes) -> None:
        """Keep bytes; the same again is no fault."""

    async def get(self, key: str) -> bytes:
        """Raises NotFound."""

    async def delete(self, key: str) -> None:
        """Remove bytes; none there is no fault."""


class MediaLedger(Protocol):
    """What the object store holds. Every call that writes may raise OutcomeUnknown."""

    async def claim(self, sizes: Mapping[str, int], at_ms: int) -> None:
        """Say, before they are put, that objects of these sizes are wanted.

        Raises Conflict, and claims none, when one of them is doomed: it is gone in a moment.
        """

    async def touch(self, keys: Sequence[str], at_ms: int) -> None:
        """Say that a lot showed these until now; keys that are not there have no effect."""

    async def doom(self, before_ms: int, limit: int) -> list[str]:
        """Doom up to `limit` objects that no lot shows and nobody touched since `before_ms`.

        Gives all that are doomed, now or earlier.
        """

    async def forget(self, keys: Sequence[str]) -> None:
        """Strike out doomed objects that have been removed."""


def keys_of(details: Mapping[str, Any]) -> list[str]:
    """Give the keys of all objects that a lot shows."""
    return [
        key
        for image in details.get(IMAGES, ())
        for key in (image["key"], *(small["key"] for small in image["thumbnails"]))
    ]
