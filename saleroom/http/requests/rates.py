"""Rates of requests: how often a user may write, and how often an address may ask at all.

Owns: the counting of requests, here and with the other servers, and what answers say of it.
Invariant: who is over a rate is refused without asking Redis; Redis away, or slow, refuses nobody.
A user's requests and commands over sockets of this server draw on one bucket.
Must not know: routes. Source: rule 29, RFC 6585 4, draft-ietf-httpapi-ratelimit-headers.
"""

from __future__ import annotations

import logging
import math

import attrs
import trio

from saleroom.http.door.courtesy import Header
from saleroom.http.requests.problems import Problem
from saleroom.protocol.session import SessionLimits, Share
from saleroom.storage.memory_rates import MemoryRates
from saleroom.storage.ports import OutcomeUnknown, StoreUnavailable
from saleroom.storage.rate_ports import RateStore, Taken

logger = logging.getLogger("saleroom.http")

RATE = "saleroom.rate"
"""Where it stands in a request's scope what was counted for it."""
REST_S = 1.0
"""After Redis has not answered, before it is asked again."""


@attrs.frozen
class Quota:
    """So many a second, and so many at once, of one kind of asker."""

    kind: str
    rate: float
    burst: int

    def key(self, who: str) -> str:
        """Name the bucket of one asker."""
        return f"{self.kind}:{who}"


def user_quota(limits: SessionLimits, *, is_staff: bool) -> Quota:
    """Give what a user may ask, over whichever door."""
    if is_staff:
        return Quota("staff", limits.staff_rate, int(limits.staff_burst))
    return Quota("user", limits.donor_rate, int(limits.donor_burst))


@attrs.frozen
class Spent:
    """What was counted, for the answer's headers."""

    quota: Quota
    taken: Taken

    def headers(self) -> list[Header]:
        """Say what there is, and when there will be all of it again."""
        quota, taken = self.quota, self.taken
        window_s = math.ceil(quota.burst / quota.rate)
        reset_s = math.ceil(taken.wait_s or (quota.burst - taken.left) / quota.rate)
        return [
            (b"ratelimit-policy", b'"%s";q=%d;w=%d' % (quota.kind.encode(), quota.burst, window_s)),
            (b"ratelimit", b'"%s";r=%d;t=%d' % (quota.kind.encode(), taken.left, reset_s)),
        ]


@attrs.define(eq=False)
class Rates:
    """Count requests. shared: where all servers count, None on one node."""

    here: MemoryRates = attrs.field(factory=MemoryRates)
    shared: RateStore | None = None
    _rests_until: float = attrs.field(init=False, default=-math.inf)

    def share_of(self, user: str, is_staff: bool) -> Share:
        """Give what a user's sockets draw on, together with their requests."""
        kind = "staff" if is_staff else "user"
        return lambda rate, burst: self.here.bucket(f"{kind}:{user}", rate, burst)

    def spend_here(self, quota: Quota, who: str) -> Spent:
        """Count a request on this server alone; the caller looks whether it has to wait."""
        return Spent(quota, self.here.take_nowait(quota.key(who), quota.rate, quota.burst))

    async def spend(self, quota: Quota, who: str) -> Spent:
        """Count a request on all servers; the caller looks whether it has to wait."""
        spent = self.spend_here(quota, who)
        if self.shared is None or spent.taken.wait_s or trio.current_time() < self._rests_until:
            return spent
        try:
            taken = await self.shared.take(quota.key(who), quota.rate, quota.burst)
        except (StoreUnavailable, OutcomeUnknown) as error:
            logger.warning("rates are counted on this server alone: %s", error)
            self._rests_until = trio.current_time() + REST_S
            return spent
        return spent if not taken.wait_s and spent.taken.left < taken.left else Spent(quota, taken)


def too_many(spent: Spent) -> Problem:
    """Give the refusal of a request that came too soon."""
    return Problem("RATE_LIMITED", retry_after_ms=int(spent.taken.wait_s * 1000) + 1)
