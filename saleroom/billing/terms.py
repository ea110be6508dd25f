"""Terms: what an event adds to a hammer price, and what a card costs it.

Owns: the rates of an event. Invariant: a rate is a whole number of parts per million, so that
7.25 % and 8.875 % are exact and nothing is ever a float. Must not know: lots, payments.
Source: rule 26.
"""

from __future__ import annotations

from fractions import Fraction

import attrs

from saleroom.auction.money import AMOUNT_MAX, fee_cover, share

MILLION = 1_000_000
RATE_MAX = MILLION  # 100 %
FEE_RATE_MAX = MILLION // 2  # a fee of half the payment is a typing error
FEE_FIXED_MAX = AMOUNT_MAX // MILLION


@attrs.frozen
class BillingTerms:
    """Rates in parts per million, amounts in the minor unit.

    premium_ppm: of a hammer price, to be paid by the buyer. tax_ppm: of hammer and premium.
    fee_ppm, fee_fixed: what the processor keeps of a card payment, which a payer may cover.
    """

    premium_ppm: int = 0
    tax_ppm: int = 0
    fee_ppm: int = 29_000
    fee_fixed: int = 30

    def premium(self, hammer: int) -> int:
        """Give the buyer's premium, rounded half up."""
        return share(hammer, Fraction(self.premium_ppm, MILLION))

    def tax(self, taxed: int) -> int:
        """Give the tax on hammer and premium, rounded half up."""
        return share(taxed, Fraction(self.tax_ppm, MILLION))

    def fee_cover(self, net: int) -> int:
        """Give what a payer adds so that `net` is left after the processor's fee."""
        return fee_cover(net, Fraction(self.fee_ppm, MILLION), self.fee_fixed)
