"""The public keys of an identity provider, by its JWKS address.

Owns: the cached key set, and when it is fetched again. Invariant: one fetch at a time, in a thread,
within a deadline; a key once fetched serves on while the provider is away, for a bounded time; only
RS256 and ES256 keys are ever given. Knows nothing of claims. Source: PROTOCOL 6, RFC 7517.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

import jwt
import trio

from saleroom.protocol.identity import KeysUnavailable, TokenRejected
from saleroom.protocol.session import Bucket

logger = logging.getLogger("saleroom.http")

FRESH_S = 300.0  # how long a key set serves without a question: a revoked key is gone after it
STALE_S = 3600.0  # how long it serves while the provider does not answer
FETCHES_MOST = 10  # at once: a key that was rotated just after another is known at once too
COOLDOWN_S = 10.0  # for each further one, so that tokens with made-up key ids cause no flood
FETCH_S = 5.0  # a whole fetch: a session waits for it before its welcome

_ALGORITHMS = {"RS256", "ES256"}


class JwksKeys:
    """Give keys by id, fetched when needed. Implements `tokens.KeySource`."""

    def __init__(self, url: str) -> None:
        # Its own caches stay off: they know neither a deadline for all nor a bound on staleness.
        self._client = jwt.PyJWKClient(url, cache_jwk_set=False, timeout=FETCH_S)
        self._keys: Mapping[str | None, jwt.PyJWK] = {}
        self._fetched_at: float | None = None
        self._fetches: Bucket | None = None
        self._lock = trio.Lock()

    async def key(self, key_id: str | None) -> jwt.PyJWK:
        """Give the key of that id; of a token without one, the only key there is.

        Raises TokenRejected (the provider has no such key), KeysUnavailable.
        """
        if not self._is_younger(FRESH_S) or self._find(key_id) is None:
            async with self._lock:
                if not self._is_younger(FRESH_S) or self._find(key_id) is None:
                    await self._fetch()
        if not self._is_younger(STALE_S):
            raise KeysUnavailable("the identity provider's keys cannot be fetched")
        found = self._find(key_id)
        if found is None:
            raise TokenRejected("the token names an unknown key")
        return found

    def _find(self, key_id: str | None) -> jwt.PyJWK | None:
        if key_id is None and len(self._keys) == 1:
            return next(iter(self._keys.values()))
        return self._keys.get(key_id)

    def _is_younger(self, seconds: float) -> bool:
        return self._fetched_at is not None and trio.current_time() - self._fetched_at < seconds

    def _may_fetch(self) -> bool:
        now = trio.current_time()
        if self._fetches is None:
            self._fetches = Bucket(1 / COOLDOWN_S, FETCHES_MOST, FETCHES_MOST, now)
        return self._fetches.take(now) == 0

    async def _fetch(self) -> None:
        if not self._may_fetch():
            return
        try:
            with trio.fail_after(FETCH_S):
                found = await trio.to_thread.run_sync(
                    self._client.fetch_data, abandon_on_cancel=True
                )
        except (jwt.PyJWTError, OSError, ValueError, trio.TooSlowError) as error:
            logger.warning("the key set was not fetched: %s", type(error).__name__)
            return
        self._keys = _usable(found)
        self._fetched_at = trio.current_time()


def _usable(key_set: Any) -> dict[str | None, jwt.PyJWK]:
    """Pick the signing keys of a key set that we can use; a provider may list others."""
    usable: dict[str | None, jwt.PyJWK] = {}
    entries = key_set.get("keys")
    for entry in entries if isinstance(entries, list) else ():
        if not isinstance(entry, dict) or entry.get("use", "sig") != "sig":
            continue
        try:
            key = jwt.PyJWK(entry)
        except jwt.PyJWTError:
            continue
        if key.algorithm_name in _ALGORITHMS:
            usable[key.key_id] = key
    return usable
