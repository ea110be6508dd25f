"""Pictures of lots: written anew, put in order and taken away.

Owns: the way of a picture from an upload to a lot's details and the object store. Invariant: an
object is in the ledger before it is in the store, and in the store before a lot shows it; a lot's
other fields never change here. Must not know: HTTP's bodies, what is in a picture.
Source: PROTOCOL 7 (images), media_ports.py, decision 0010.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import attrs

from saleroom.auction.definition import lot_plain
from saleroom.http.requests.problems import Problem, busy
from saleroom.http.sale.api_replicas import Replicas
from saleroom.http.services import Services
from saleroom.intake.bounds import KEY_PATTERN
from saleroom.storage.media_ports import IMAGES, keys_of
from saleroom.storage.ports import Conflict, LotRow, NotFound
from saleroom.workers.crew import WorkFailed, WorkTooLong

REWRITE: Final = "saleroom.intake.pictures:rewritten"
REWRITE_LIMIT_S: Final = 20.0  # the largest picture takes about 2 s, and others may come first
IMAGES_MAX: Final = 20  # of a lot
EDIT_TRIES_MAX: Final = 5  # when others change the lot's row meanwhile

Image = dict[str, Any]
"""{key, width, height, alt, thumbnails: [{key, width, height}]}"""


@attrs.frozen(eq=False)
class Pictures:
    """The pictures of all lots."""

    services: Services
    replicas: Replicas

    async def add(
        self, event: str, lot: int, data: bytes, alt: str | None, *, is_draft: bool
    ) -> tuple[Image, LotRow]:
        """Write a picture anew and show it last; one that the lot has takes the new `alt`.

        Raises Problem: INVALID_IMAGE, TOO_MANY_IMAGES, UNKNOWN_LOT, OVERLOADED, STALE_VERSION.
        """
        await self._row(event, lot, is_draft=is_draft)
        shapes, objects = await self._rewritten(data)
        await self._keep(objects)
        image: Image = {**shapes[0], "alt": alt, "thumbnails": shapes[1:]}

        def shown(images: list[Image]) -> list[Image]:
            if any(one["key"] == image["key"] for one in images):
                return [image if one["key"] == image["key"] else one for one in images]
            if len(images) >= IMAGES_MAX:
                raise Problem("TOO_MANY_IMAGES", f"a lot has at most {IMAGES_MAX} pictures")
            return [*images, image]

        return image, await self._edit(event, lot, shown, is_draft=is_draft)

    async def remove(self, event: str, lot: int, key: str, *, is_draft: bool) -> Image:
        """Take a picture from a lot, and give it. Raises Problem: UNKNOWN_IMAGE and as `add`."""
        taken: list[Image] = []

        def shown(images: list[Image]) -> list[Image]:
            taken[:] = [one for one in images if one["key"] == key]
            if not taken:
                raise Problem("UNKNOWN_IMAGE")
            return [one for one in images if one["key"] != key]

        await self._edit(event, lot, shown, is_draft=is_draft)
        at_ms = self.services.clock.now_ms()
        await self.services.stores.media.touch(keys_of({IMAGES: taken}), at_ms)
        return taken[0]

    async def describe(
        self, event: str, lot: int, key: str, alt: str | None, *, is_draft: bool
    ) -> Image:
        """Say anew what a picture shows. Raises Problem: UNKNOWN_IMAGE and as `add`."""

        def shown(images: list[Image]) -> list[Image]:
            if all(one["key"] != key for one in images):
                raise Problem("UNKNOWN_IMAGE")
            return [{**one, "alt": alt} if one["key"] == key else one for one in images]

        row = await self._edit(event, lot, shown, is_draft=is_draft)
        image: Image = next(one for one in row.details[IMAGES] if one["key"] == key)
        return image

    async def order(
        self, event: str, lot: int, keys: Sequence[str], *, is_draft: bool
    ) -> list[Image]:
        """Put a lot's pictures in this order. Raises Problem: STALE_VERSION for other ones."""

        def shown(images: list[Image]) -> list[Image]:
            by_key = {one["key"]: one for one in images}
            if sorted(by_key) != sorted(keys):
                raise Problem("STALE_VERSION", "the lot has other pictures than those")
            return [by_key[key] for key in keys]

        row = await self._edit(event, lot, shown, is_draft=is_draft)
        return list(row.details.get(IMAGES, ()))

    async def _rewritten(self, data: bytes) -> tuple[list[dict[str, Any]], dict[str, bytes]]:
        try:
            made = await self.services.workers.run(REWRITE, data, limit_s=REWRITE_LIMIT_S)
        except (WorkFailed, WorkTooLong):
            raise Problem("INVALID_IMAGE", "the picture cannot be read", field="file") from None
        head, *pieces = made
        if "refused" in head:
            raise Problem("INVALID_IMAGE", head["refused"], field="file")
        shapes = head["shapes"]
        keys = [shape["key"] for shape in shapes]
        # A worker that a hostile file has taken over can lie, but name no other place.
        if not all(re.fullmatch(KEY_PATTERN, key) for key in keys):
            raise Problem("INVALID_IMAGE", "the picture cannot be read", field="file")
        return shapes, dict(zip(keys, pieces, strict=True))

    async def _keep(self, objects: Mapping[str, bytes]) -> None:
        sizes = {key: len(data) for key, data in objects.items()}
        try:
            await self.services.stores.media.claim(sizes, self.services.clock.now_ms())
        except Conflict:
            raise busy("the same picture is being removed this moment") from None
        for key, data in objects.items():
            await self.services.objects.put(key, data)

    async def _edit(
        self,
        event: str,
        lot: int,
        change: Callable[[list[Image]], list[Image]],
        *,
        is_draft: bool,
    ) -> LotRow:
        """Change a lot's pictures in its newest row, whatever else changes in it meanwhile."""
        catalogue = self.services.stores.catalogue
        for _ in range(EDIT_TRIES_MAX):
            row = await self._row(event, lot, is_draft=is_draft)
            images = change(list(row.details.get(IMAGES, ())))
            changed = attrs.evolve(row, details={**row.details, IMAGES: images})
            try:
                if row.version:
                    return await catalogue.put_lot(event, changed)
                first = attrs.evolve(changed, version=1)
                await catalogue.add_lot(event, first)
            except Conflict:
                continue
            except NotFound:
                raise Problem("UNKNOWN_LOT") from None
            return first
        raise Problem("STALE_VERSION")

    async def _row(self, event: str, lot: int, *, is_draft: bool) -> LotRow:
        """Give a lot's row; a lot that its journal alone knows has one of version 0."""
        try:
            return await self.services.stores.catalogue.lot(event, lot)
        except NotFound:
            known = None if is_draft else (await self.replicas.state(event)).lots.get(lot)
        if known is None:
            raise Problem("UNKNOWN_LOT")
        return LotRow(lot, lot_plain(known.definition), {}, version=0)
