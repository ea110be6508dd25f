"""The canonical form of a fact in the journal, and the chain that binds it to those before.

Owns: how an Entry becomes bytes and comes back. Invariant: one entry has one encoding (keys sorted,
no spaces, UTF-8), and a head is the BLAKE2b-256 of the head before it and the body, so that whoever
holds a head can prove the whole past. The hash is keyed with what the journal's first record says:
bidders get heads as receipts, and nobody may find a secret max by trying which one fits. A fact of
an older version is read by raising its fields to the present one. Source: ARCHITECTURE I5.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from hashlib import blake2b
from typing import Any

import orjson

from saleroom.auction.facts import FACTS, EventDefined, fact_fields, fact_from
from saleroom.auction.state import Entry

HEAD_BYTES = KEY_BYTES = 32
GENESIS = bytes(HEAD_BYTES)
"""The head before the first fact."""
KEYS_KEPT = 64
"""Journals whose hash is at hand; more events at once pay for it again."""


Fields = dict[str, Any]

UPCASTERS: dict[tuple[str, int], Callable[[Fields], Fields]] = {}
"""{(type, version): how fields of that version become those of the next}"""


class RecordDamaged(ValueError):
    """Bytes that are not a record of this journal at its place."""


def encode_entry(entry: Entry) -> bytes:
    """Give an entry's canonical bytes."""
    fields = fact_fields(entry.fact)
    fields["type"] = entry.fact.type
    fields["v"] = entry.fact.version
    fields["position"] = entry.position
    fields["at"] = entry.at
    if entry.seq is not None:
        fields["seq"] = entry.seq
    if entry.by is not None:
        fields["by"] = entry.by
    if entry.command is not None:
        fields["command"] = entry.command
        fields["digest"] = entry.digest
    return orjson.dumps(fields, option=orjson.OPT_SORT_KEYS)


def decode_entry(body: bytes) -> Entry:
    """Read an entry back. Raises RecordDamaged."""
    try:
        fields = orjson.loads(body)
        take = fields.pop
        name, version = take("type"), take("v")
        position, seq, at = take("position"), take("seq", None), take("at")
        by, command, digest = take("by", None), take("command", None), take("digest", None)
        if version != FACTS[name].version:
            fields = _raised(name, version, fields)
        return Entry(position, seq, at, by, command, digest, fact_from(name, fields))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise RecordDamaged(f"not a journal record: {error}") from error


def _raised(name: str, version: int, fields: Fields) -> Fields:
    """Bring a fact's fields from an older version to the present one, step by step."""
    while version != FACTS[name].version:
        upcast = UPCASTERS.get((name, version))
        if upcast is None:
            raise RecordDamaged(f"{name} of version {version} is unknown to this release")
        fields, version = upcast(fields), version + 1
    return fields


def next_head(head: bytes, body: bytes, key: bytes) -> bytes:
    """Chain a body to the head before it: 32 bytes."""
    chained = _keyed(key).copy()
    chained.update(head + body)
    return chained.digest()


@lru_cache(maxsize=KEYS_KEPT)
def _keyed(key: bytes) -> blake2b:
    """Give a hash that has taken the key, to be copied: a third cheaper than to key each."""
    return blake2b(digest_size=HEAD_BYTES, key=key)


def chain_key(first_body: bytes) -> bytes:
    """Read the key of a journal's chain from its first record. Raises RecordDamaged."""
    fact = decode_entry(first_body).fact
    if not isinstance(fact, EventDefined):
        raise RecordDamaged(f"a journal starts with event_defined, not {fact.type}")
    try:
        key = bytes.fromhex(fact.chain_key)
    except (TypeError, ValueError) as error:
        raise RecordDamaged(f"chain_key: {error}") from error
    if len(key) != KEY_BYTES:
        raise RecordDamaged(f"chain_key has {len(key)} bytes, not {KEY_BYTES}")
    return key
