"""Tries at a password: how many an account, an address, and the two together are allowed.

Owns: the throttles of signing in, and which addresses an account is known at. Invariant: a right
password costs nothing; whoever has signed in from where they are is held up by their own mistakes
alone, and nobody waits longer than `PAIR.every_s` for the next try.
Source: PROTOCOL 3 (RATE_LIMITED), OWASP "Authentication" (throttling without lock-out).
"""

from __future__ import annotations

from collections import OrderedDict

import attrs

from saleroom.http.requests.throttle import Rate, Throttle

PAIR = Rate(burst=10, every_s=30.0)  # one person who tries to remember
ACCOUNT = Rate(burst=50, every_s=5.0)  # from everywhere: 17 000 guesses a day, of a million
ADDRESS = Rate(burst=200, every_s=1.0)  # a ballroom behind one address mistypes
KNOWN_MAX = 20_000


@attrs.define(eq=False)
class SignInTries:
    """`take` before a password is checked, `right` when it was the right one."""

    of_address: Rate = ADDRESS
    _pairs: Throttle = attrs.field(init=False, factory=lambda: Throttle(PAIR))
    _accounts: Throttle = attrs.field(init=False, factory=lambda: Throttle(ACCOUNT))
    _addresses: Throttle = attrs.field(init=False)
    _known: OrderedDict[tuple[str, str], None] = attrs.field(init=False, factory=OrderedDict)

    @_addresses.default
    def _default_addresses(self) -> Throttle:
        return Throttle(self.of_address)

    def take(self, account: str, address: str) -> None:
        """Count a try. Raises Problem: RATE_LIMITED."""
        self._pairs.take((account, address))
        if (account, address) not in self._known:
            self._accounts.take(account)
            self._addresses.take(address)

    def give_back(self, account: str, address: str) -> None:
        """Take back a try that was not held against the password."""
        self._pairs.give_back((account, address))
        if (account, address) not in self._known:
            self._accounts.give_back(account)
            self._addresses.give_back(address)

    def right(self, account: str, address: str) -> None:
        """Note that the password was right."""
        self.give_back(account, address)
        self._known[account, address] = None
        self._known.move_to_end((account, address))
        if len(self._known) > KNOWN_MAX:
            self._known.popitem(last=False)
