"""Records for tests: small, distinct, and well formed as far as a store looks."""

from __future__ import annotations

import hashlib

from saleroom.storage.ports import Batch, Record


def record(position: int, text: str = "fact", seq: int | None = None) -> Record:
    body = f'{{"{text}":{position}}}'.encode()
    return Record(position, seq, body, head(position))


def records(first: int, last: int, text: str = "fact") -> list[Record]:
    return [record(position, text, seq=position) for position in range(first, last + 1)]


def batch(first: int, last: int | None = None, text: str = "fact") -> Batch:
    return Batch(records(first, first if last is None else last, text))


def head(number: int) -> bytes:
    return hashlib.blake2b(str(number).encode(), digest_size=32).digest()
