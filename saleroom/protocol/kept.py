"""JSON that is kept for long.

Owns: bytes of exactly their own size. Invariant: what is given is what orjson gives, and takes no
more memory than its length and an object's head. orjson's own bytes keep the whole buffer that they
were written into: 4 KiB at least, and eight bytes for each byte of text.
"""

from __future__ import annotations

import orjson


def kept_json(value: object) -> bytes:
    """Encode what stays in memory: a fact of the feed, a lot's view."""
    return bytes(memoryview(orjson.dumps(value)))
