"""Sign-ins: the tokens that an account is given, and their end.

Owns: how long tokens last, and which sign-ins have ended lately. Invariant: a refresh token serves
once, and one that comes again ends its sign-in; the sockets of an ended sign-in close at once, and
its access tokens are believed no longer by this server. Must not know: passwords, cookies.
Source: PROTOCOL 2 and 6, RFC 9700 section 4.14.
"""

from __future__ import annotations

import hashlib
import secrets
from collections import OrderedDict
from collections.abc import Callable, Collection

import attrs

from saleroom.actors.session import Verify
from saleroom.auction.roles import Role
from saleroom.http.accounts.tokens import TokenIssuer
from saleroom.http.requests.problems import Problem
from saleroom.protocol.identity import Identity, TokenRejected
from saleroom.storage.accounts_ports import Account, Rotated, SignIn, SignIns

ACCESS_S = 15 * 60  # an ended sign-in is believed by other servers for no longer
SOCKET_S = 60  # a token that a page's script holds
SIGN_IN_S = 30 * 24 * 3600  # after which a person signs in again, however active (NIST AAL1)
SIGN_INS_MAX = 20  # of one account: devices, and browsers that forgot
ENDED_MAX = 50_000  # sign-ins ended within ACCESS_S: a whole gala that goes home
TOKEN_BYTES = 32
ID_BYTES = 12

HangUp = Callable[[str, Collection[str] | None], None]
"""Close the sockets of a user's sign-ins; None: all that the user has."""


def digest(token: str) -> bytes:
    """Give what is kept of a token: 256 random bits need no slow hash."""
    return hashlib.sha256(token.encode()).digest()


@attrs.frozen(repr=False)
class Granted:
    """What a person gets who has signed in; the refresh token serves once."""

    account: Account
    sign_in: str
    access: str
    refresh: str


@attrs.define(eq=False)
class SignInDesk:
    """Begin, renew and end sign-ins. believe: reads a token as such. now: Unix seconds."""

    store: SignIns
    issuer: TokenIssuer
    believe: Verify
    hang_up: HangUp
    now: Callable[[], float]
    _ended: OrderedDict[str, float] = attrs.field(init=False, factory=OrderedDict)

    async def verify(self, token: str) -> Identity:
        """Give the identity behind an access token. Raises TokenRejected, KeysUnavailable."""
        identity = await self.believe(token)
        if identity.sign_in is not None and identity.sign_in in self._ended:
            raise TokenRejected("the sign-in has ended")
        return identity

    async def begin(self, account: Account) -> Granted:
        """Sign an account in. Raises NotFound when it is gone."""
        now = self.now()
        sign_in = secrets.token_hex(ID_BYTES)
        refresh = _new_token(sign_in)
        row = SignIn(sign_in, account.id, int(now * 1000), int((now + SIGN_IN_S) * 1000))
        over = await self.store.begin(row, digest(refresh), SIGN_INS_MAX)
        self.forget(account.id, over)
        return Granted(account, sign_in, self._access(account, sign_in), refresh)

    async def renew(self, token: str) -> Granted:
        """Give the next tokens for a refresh token. Raises Problem."""
        sign_in = sign_in_of(token)
        refresh = _new_token(sign_in)
        outcome = await self.store.rotate(digest(token), digest(refresh), int(self.now() * 1000))
        if isinstance(outcome, Rotated):
            return Granted(
                outcome.account, sign_in, self._access(outcome.account, sign_in), refresh
            )
        if outcome is not None:
            self.forget(outcome.sign_in.account, [outcome.sign_in.id])
        raise Problem("UNAUTHENTICATED", "the refresh token is not valid; sign in again")

    async def end(self, token: str, *, everywhere: bool) -> None:
        """End the sign-in of a refresh token, used or not, or all of its account.

        An unknown token's has ended already.
        """
        row = await self.store.of_token(digest(token))
        if row is None:
            return
        if everywhere:
            await self.end_all(row.account)
        else:
            await self.end_one(row.account, row.id)

    async def end_one(self, account: str, sign_in: str) -> None:
        """End a sign-in."""
        await self.store.end(sign_in)
        self.forget(account, [sign_in])

    async def end_all(self, account: str) -> None:
        """End all sign-ins of an account, and close every socket that speaks for it."""
        self.forget_all(account, await self.store.end_all(account))

    def socket_token(self, identity: Identity) -> str:
        """Give a short token for the `hello` of a websocket."""
        return self.issuer.issue(
            identity.user, identity.roles, SOCKET_S, identity.events, identity.sign_in
        )

    def forget(self, account: str, sign_ins: Collection[str]) -> None:
        """Believe these no longer, and close their sockets."""
        if sign_ins:
            self._note(sign_ins)
            self.hang_up(account, sign_ins)

    def forget_all(self, account: str, sign_ins: Collection[str]) -> None:
        """Believe these no longer, and close every socket of the account, whatever its token."""
        self._note(sign_ins)
        self.hang_up(account, None)

    def _note(self, sign_ins: Collection[str]) -> None:
        now = self.now()
        for sign_in in sign_ins:
            self._ended[sign_in] = now + ACCESS_S
            self._ended.move_to_end(sign_in)
        while self._ended:
            oldest = next(iter(self._ended))
            if len(self._ended) <= ENDED_MAX and self._ended[oldest] > now:
                break
            del self._ended[oldest]

    def _access(self, account: Account, sign_in: str) -> str:
        roles = [Role(role) for role in account.roles]
        return self.issuer.issue(account.id, roles, ACCESS_S, account.events, sign_in)


def sign_in_of(token: str) -> str:
    """Give the sign-in that a refresh token names, true or not."""
    return token.partition(".")[0]


def _new_token(sign_in: str) -> str:
    return f"{sign_in}.{secrets.token_urlsafe(TOKEN_BYTES)}"
