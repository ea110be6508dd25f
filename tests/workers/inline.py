"""Workers without processes, for tests in virtual time.

Owns: nothing. Invariant: what is handed over and back takes the same form as on a worker's pipe.
Source: ARCHITECTURE 3 (I11).
"""

from __future__ import annotations

from typing import Any

import trio

from saleroom.workers import child, frames


class InlineWorkers:
    """`Workers` that work at once, here."""

    async def run(self, function: str, *arguments: Any, limit_s: float | None = None) -> Any:
        await trio.lowlevel.checkpoint()
        result = child.function(function)(*_carried(list(arguments)))
        if isinstance(result, tuple):
            return tuple(_carried(list(result)))
        return _carried([result])[0]


def _carried(values: list[Any]) -> list[Any]:
    parts = frames.encode_parts(values)
    return [
        frames.decode_part(kind, piece)
        for (kind, _), piece in zip(parts.kinds, parts.pieces, strict=True)
    ]
