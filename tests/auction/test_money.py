"""What is added to the hammer price, in exact integers.

Source: rule 26 and its worked values.
"""

from __future__ import annotations

from fractions import Fraction

import pytest

from saleroom.auction.money import AMOUNT_MAX, deductible, fee_cover, is_amount, share


@pytest.mark.parametrize(
    ("amount", "rate", "expected"),
    [
        (150_000_000, Fraction(10, 100), 15_000_000),
        (165_000_000, Fraction(725, 10_000), 11_962_500),
        (5, Fraction(1, 10), 1),
        (4, Fraction(1, 10), 0),
        (14, Fraction(1, 10), 1),
        (15, Fraction(1, 10), 2),
        (AMOUNT_MAX, Fraction(1, 3), 333_333_333_333),
        (100, Fraction(0), 0),
    ],
)
def test_a_share_is_rounded_half_up(amount: int, rate: Fraction, expected: int) -> None:
    assert share(amount, rate) == expected


@pytest.mark.parametrize(
    ("net", "rate", "fixed", "expected"),
    [
        (10_000, Fraction(29, 1000), 30, 330),
        (10_000, Fraction(0), 30, 30),
        (97, Fraction(3, 100), 0, 3),
        (1, Fraction(29, 1000), 30, 31),
    ],
)
def test_a_fee_cover_leaves_the_net(net: int, rate: Fraction, fixed: int, expected: int) -> None:
    cover = fee_cover(net, rate, fixed)
    assert cover == expected
    assert (net + cover) * (1 - rate) - fixed >= net
    assert (net + cover - 1) * (1 - rate) - fixed < net


@pytest.mark.parametrize(("paid", "fmv", "expected"), [(500, 200, 300), (200, 500, 0), (1, 0, 1)])
def test_the_deductible_part_is_never_negative(paid: int, fmv: int, expected: int) -> None:
    assert deductible(paid, fmv) == expected


@pytest.mark.parametrize(
    ("value", "lawful"), [(0, False), (1, True), (AMOUNT_MAX, True), (AMOUNT_MAX + 1, False)]
)
def test_the_bounds_of_an_amount(value: int, lawful: bool) -> None:
    assert is_amount(value) is lawful
