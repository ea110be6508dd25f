"""`compare`: Saleroom and its peers in the same run.

Owns: the measure. Invariant: one PostgreSQL and one Redis serve everyone in it.
Source: bench/relay.py, bench/race.py.
"""

from __future__ import annotations

from bench.race import measure_race
from bench.relay import measure_relay
from bench.report import Missing, Result
from bench.setting import Setting
from bench.stores import running_stores


def measure_compare(setting: Setting) -> list[Result | Missing]:
    """Take the measures: races on one lot, and the cost of a frame."""
    with running_stores(setting.cores) as stores:
        return [*measure_race(setting, stores), *measure_relay(setting, stores)]
