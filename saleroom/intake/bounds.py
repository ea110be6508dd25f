"""The bounds of what people hand in, and the names of what becomes of it.

Owns: what server and workers must both know. Invariant: imports nothing, so that the server's
process carries neither the decoders of pictures nor those of workbooks. Source: PROTOCOL 7,
decision 0010.
"""

from __future__ import annotations

from typing import Final

PICTURE_BYTES_MAX: Final = 10 * 1024 * 1024  # PROTOCOL 7
TABLE_BYTES_MAX: Final = 5 * 1024 * 1024

TYPES: Final = {"jpg": "image/jpeg", "webp": "image/webp"}
"""What pictures are kept as: {ending of a key: media type}."""
KEY_PATTERN: Final = r"[0-9a-f]{64}\.(?:jpg|webp)"
"""The key of an object: a digest of its bytes, and the ending of its type."""
