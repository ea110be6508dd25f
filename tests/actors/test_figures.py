"""Figures: how long commands took lately, from the mailbox to the last socket."""

from __future__ import annotations

import pytest

from saleroom.actors.figures import LATELY_S, WAY_BOUNDS_S, Deliveries


def test_a_feed_counts_as_long_as_the_oldest_command_in_it_took() -> None:
    deliveries = Deliveries()
    deliveries.left(100.0, 98)
    deliveries.left(100.5, 1)
    deliveries.set_out()
    deliveries.left(100.75, 1)
    deliveries.arrived(101.0)
    deliveries.set_out()
    deliveries.arrived(104.75)

    median, most = deliveries.quantile_ms(0.5, 106.0), deliveries.quantile_ms(1.0, 106.0)

    assert median is not None
    assert 1_000 <= median < 1_200
    assert most is not None
    assert 4_000 <= most < 4_800


@pytest.mark.parametrize(
    ("age_s", "is_remembered"),
    [
        (0.0, True),
        (LATELY_S, True),
        (2 * LATELY_S, False),
        (50 * LATELY_S, False),
    ],
)
def test_what_was_long_ago_is_forgotten(age_s: float, is_remembered: bool) -> None:
    deliveries = Deliveries()
    deliveries.left(100.0, 1)
    deliveries.set_out()
    deliveries.arrived(100.25)

    assert (deliveries.quantile_ms(0.99, 100.25 + age_s) is not None) is is_remembered


def test_a_broadcast_that_brought_no_command_says_nothing() -> None:
    deliveries = Deliveries()
    deliveries.set_out()
    deliveries.arrived(5.0)

    assert deliveries.quantile_ms(0.99, 5.0) is None


def test_what_took_longer_than_all_bounds_counts_as_the_last() -> None:
    deliveries = Deliveries()
    deliveries.left(0.0, 1)
    deliveries.set_out()
    deliveries.arrived(60.0)

    assert deliveries.quantile_ms(0.99, 60.0) == round(WAY_BOUNDS_S[-1] * 1000, 1)
