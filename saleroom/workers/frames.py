"""What a worker and its server say to each other: a head of JSON, then parts of JSON or bytes.

Owns: the form of calls and results on the pipes. Invariant: what a worker answers is read as plain
data, never as code, so that one that a hostile file has taken over can only lie. Imports nothing of
ours, since every worker carries it. Source: ARCHITECTURE 3 (I11).

A message is four bytes with the length of its head (big-endian), the head, and the parts that the
head lists. A part is `bytes` as they are, or any other value as JSON.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

HEAD_BYTES_MAX = 64 * 1024  # a name, a deadline and the lengths of some hundreds of parts
_LENGTH = struct.Struct(">I")
LENGTH_BYTES = _LENGTH.size


class BadFrame(Exception):
    """What came over the pipe is no message."""


class Parts(NamedTuple):
    """Encoded values. kinds: of each its kind and length, as the head lists them."""

    kinds: Sequence[tuple[str, int]]
    pieces: Sequence[bytes]


def encode_parts(values: Sequence[Any]) -> Parts:
    """Encode arguments or results. Raises TypeError or ValueError for what is no plain data."""
    kinds, pieces = [], []
    for value in values:
        is_bytes = isinstance(value, bytes)
        piece = value if is_bytes else json.dumps(value, separators=(",", ":")).encode()
        kinds.append(("bytes" if is_bytes else "json", len(piece)))
        pieces.append(piece)
    return Parts(kinds, pieces)


def encode(head: Mapping[str, Any], parts: Parts) -> list[bytes]:
    """Give the pieces of a message, in order."""
    encoded = json.dumps({**head, "parts": parts.kinds}).encode()
    return [_LENGTH.pack(len(encoded)) + encoded, *parts.pieces]


def head_length(raw: bytes) -> int:
    """Read the length of a head. Raises BadFrame."""
    length: int = _LENGTH.unpack(raw)[0]
    if not 0 < length <= HEAD_BYTES_MAX:
        raise BadFrame("the head is too long")
    return length


def decode_head(raw: bytes) -> tuple[dict[str, Any], list[tuple[str, int]]]:
    """Give a message's head and the kind and length of each part. Raises BadFrame."""
    try:
        head = json.loads(raw)
        parts = [(str(kind), int(length)) for kind, length in head.pop("parts")]
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        raise BadFrame("the head is not one") from None
    if any(kind not in ("bytes", "json") or length < 0 for kind, length in parts):
        raise BadFrame("a part is neither bytes nor JSON")
    return head, parts


def decode_part(kind: str, raw: bytes) -> Any:
    """Give a part's value. Raises BadFrame."""
    if kind == "bytes":
        return raw
    try:
        return json.loads(raw)
    except (ValueError, RecursionError):
        raise BadFrame("a part is not JSON") from None
