"""Money: bounds of an amount, and what is added to the hammer price.

Owns: the arithmetic of rule 26. Invariant: integers in the minor unit only; a rate is an exact
fraction, never a float. Source: rule 26 and "Amounts".
"""

from __future__ import annotations

from fractions import Fraction

AMOUNT_MAX = 10**12
"""The largest amount: JavaScript's JSON cannot hold integers over 2**53."""


def is_amount(value: int) -> bool:
    """Say whether an integer is within the bounds of an amount."""
    return 1 <= value <= AMOUNT_MAX


def share(amount: int, rate: Fraction) -> int:
    """Give `amount` x `rate`, rounded half up: a buyer's premium, or a tax."""
    return int((2 * amount * rate.numerator + rate.denominator) // (2 * rate.denominator))


def fee_cover(net: int, rate: Fraction, fixed: int) -> int:
    """Give what a payer adds so that `net` is left after a fee of `rate` and `fixed`."""
    gross = Fraction(net + fixed) / (1 - rate)
    return -(-gross.numerator // gross.denominator) - net


def deductible(paid: int, fair_market_value: int) -> int:
    """Give the part of a payment that is a gift."""
    return max(0, paid - fair_market_value)
