"""The histogram, held against the sorted list of what it was given."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.histogram import STEPS, Histogram

MICROS = st.lists(st.integers(0, 100_000_000), min_size=1, max_size=300)
SHARES = st.sampled_from([0.0, 0.5, 0.9, 0.99, 0.999, 1.0])


def histogram_of(micros: list[int]) -> Histogram:
    histogram = Histogram()
    for value in micros:
        histogram.record(value / 1e6)
    return histogram


def true_quantile(micros: list[int], share: float) -> int:
    return sorted(micros)[max(1, math.ceil(share * len(micros))) - 1]


@given(MICROS, SHARES)
def test_a_quantile_is_never_too_low_and_hardly_too_high(micros: list[int], share: float) -> None:
    shown = histogram_of(micros).quantile_ms(share) * 1000
    true = true_quantile(micros, share)
    assert true <= round(shown) <= true * (1 + 1 / STEPS)


@given(MICROS)
def test_the_greatest_is_exact_to_the_microsecond(micros: list[int]) -> None:
    assert histogram_of(micros).summary_ms()["max"] == max(micros) / 1000


@given(MICROS, MICROS, SHARES)
def test_what_is_added_counts_as_if_recorded(
    ours: list[int], theirs: list[int], share: float
) -> None:
    added = histogram_of(ours)
    added.add(histogram_of(theirs))
    together = histogram_of(ours + theirs)
    assert added.count == len(ours) + len(theirs)
    assert added.quantile_ms(share) == together.quantile_ms(share)


@pytest.mark.parametrize(
    ("micros", "shown"),
    [(0, 0), (127, 127), (255, 255), (256, 257), (257, 257), (10_000, 10_047)],
)
def test_buckets_double_in_width_with_each_octave(micros: int, shown: int) -> None:
    histogram = histogram_of([micros, 1_000_000])
    assert histogram.quantile_ms(0.5) == shown / 1000


def test_a_latency_is_rounded_to_a_microsecond() -> None:
    histogram = Histogram()
    histogram.record(1.6e-6)
    assert histogram.quantile_ms(1.0) == 0.002


def test_what_cannot_be_is_refused() -> None:
    with pytest.raises(ValueError, match="latency"):
        Histogram().record(-1.0)
    with pytest.raises(ValueError, match="nothing"):
        Histogram().quantile_ms(0.5)
