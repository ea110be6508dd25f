"""What a soak showed, and whether anything leaks.

Owns: the comparison of before and after. Invariant: both were taken in the same quiet: nobody
connected, nothing on the way. Must not know: how guests behave, or how a page is written.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import attrs

from tests.chaos.gauges import Sample

POOL_MAX = 10
"""Connections to PostgreSQL that the server may open only when it is busy."""


@attrs.frozen
class Evening:
    """What a soak showed. before, after: in quiet; samples: in between.

    done: how often guests did what. faults: what they were answered wrongly.
    """

    minutes: float
    seed: int
    before: Sample
    samples: Sequence[Sample]
    after: Sample
    done: Mapping[str, int]
    faults: Sequence[str]

    def verdict(self) -> list[str]:
        """Say what leaks and what was answered wrongly."""
        distinct = dict.fromkeys(self.faults)
        found = [f"{fault}, {self.faults.count(fault)} times" for fault in distinct]
        for name in ("connections", "sockets", "tasks"):
            was, now = getattr(self.before, name), getattr(self.after, name)
            if now > was:
                found.append(f"{name}: {was} before, {now} after everyone had left")
        was, now = self.before.descriptors, self.after.descriptors
        if now > was + POOL_MAX:
            found.append(f"descriptors: {was} before, {now} after everyone had left")
        return found
