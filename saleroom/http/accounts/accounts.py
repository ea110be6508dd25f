"""Accounts: registering, signing in with a password, and changing who may do what.

Owns: the order of the steps that each takes. Invariant: neither an answer nor its time tells
whether an address has an account; whatever changes a password or a right ends the sign-ins that it
concerns. Must not know: requests and cookies. Source: PROTOCOL 7, OWASP "Authentication".
"""

from __future__ import annotations

import secrets
from collections.abc import Callable

import attrs

from saleroom.http.accounts.letters import Letters
from saleroom.http.accounts.passwords import Passwords, PasswordWeak
from saleroom.http.accounts.sign_in_tries import SignInTries
from saleroom.http.accounts.sign_ins import Granted, SignInDesk, digest
from saleroom.http.requests.problems import Problem
from saleroom.http.requests.throttle import Rate, Throttle
from saleroom.mail import Mail
from saleroom.storage.accounts_ports import Account, Accounts, Purpose, Rights, email_key
from saleroom.storage.ports import Conflict, NotFound, Stores, StoreUnavailable
from saleroom.workers.crew import Workers, WorkersBusy

REGISTERED = Rate(burst=300, every_s=1.0)  # from one address: a ballroom that joins at the door
LETTERS = Rate(burst=3, every_s=600.0)  # to one address: nobody's box is filled by somebody else
LETTERS_ASKED = Rate(burst=100, every_s=2.0)  # from one address
CODES = Rate(burst=20, every_s=10.0)  # from one address: people mistype them
ID_BYTES = 8

WRONG = "the e-mail address or the password is wrong"


def make_account_desk(
    stores: Stores,
    sign_ins: SignInDesk,
    hashers: Workers,
    mail: Mail,
    now: Callable[[], float],
    public_url: str | None,
    tries: SignInTries | None = None,
) -> AccountDesk:
    """Put a desk together. hashers: the workers for passwords."""
    letters = Letters(stores.accounts, mail, now, public_url)
    passwords = Passwords(hashers)
    return AccountDesk(stores.accounts, sign_ins, passwords, letters, now, tries or SignInTries())


def new_account_id() -> str:
    """Give the id of an account, which says nothing of the person."""
    return f"u{secrets.token_hex(ID_BYTES)}"


@attrs.define(eq=False)
class AccountDesk:
    """What people and admins may do with accounts. now: Unix seconds. Raises Problem."""

    store: Accounts
    sign_ins: SignInDesk
    passwords: Passwords
    letters: Letters
    now: Callable[[], float]
    _tries: SignInTries
    _registered: Throttle = attrs.field(init=False, factory=lambda: Throttle(REGISTERED))
    _letters_to: Throttle = attrs.field(init=False, factory=lambda: Throttle(LETTERS))
    _letters_from: Throttle = attrs.field(init=False, factory=lambda: Throttle(LETTERS_ASKED))
    _codes: Throttle = attrs.field(init=False, factory=lambda: Throttle(CODES))

    async def register(
        self, email: str, password: str, name: str, phone: str | None, address: str
    ) -> Account:
        """Make a donor's account; who registers again is told nothing, and is written to."""
        self._registered.take(address)
        hashed = await self._hash(password, "password", email, name)
        account = Account(new_account_id(), name, self._now_ms(), email, phone, hashed)
        try:
            await self.store.add(account)
        except Conflict:
            self._write(email, None)
        else:
            self._write(email, "verify")
        return account

    async def add_guest(self, name: str, phone: str | None = None) -> Account:
        """Make the account of a donor who joins without a password."""
        account = Account(new_account_id(), name, self._now_ms(), phone=phone)
        await self.store.add(account)
        return account

    async def sign_in(self, email: str, password: str, address: str) -> Granted:
        """Sign in with a password."""
        account = await self._checked(email, password, address)
        if account.is_disabled:
            raise Problem("FORBIDDEN", "this account is disabled")
        return await self.sign_ins.begin(account)

    async def own(self, user: str) -> Account | None:
        """Give the account of a user, None for one whose token somebody else issued."""
        try:
            return await self.store.account(user)
        except NotFound:
            return None

    async def account(self, account: str) -> Account:
        """Give an account."""
        found = await self.own(account)
        if found is None:
            raise Problem("UNKNOWN_ACCOUNT")
        return found

    async def change_profile(self, account: Account, name: str, phone: str | None) -> Account:
        """Change what a person is called, and their phone."""
        try:
            return await self.store.set_profile(account.id, name, phone)
        except NotFound:
            raise Problem("UNKNOWN_ACCOUNT") from None

    async def change_password(
        self, account: Account, current: str, new: str, keep: str | None, address: str
    ) -> None:
        """Change a password, and end all sign-ins but one."""
        if account.email is None:
            raise Problem("NO_PASSWORD")
        await self._checked(account.email, current, address)
        hashed = await self._hash(new, "new", account.email, account.name)
        ended = await self.store.set_password(account.id, hashed, keep)
        self.sign_ins.forget(account.id, ended)

    def ask_letter(self, email: str, purpose: Purpose, address: str) -> None:
        """Have a letter written to whoever has this address."""
        self._letters_from.take(address)
        self._letters_to.take((email_key(email), purpose))
        self.letters.ask(email, purpose)

    async def verify_email(self, code: str, address: str) -> Account:
        """Take the code of a letter as proof of its address."""
        self._codes.take(address)
        account = await self.store.verify(digest(code), self._now_ms())
        if account is None:
            raise Problem("INVALID_CODE")
        self._codes.give_back(address)
        return account

    async def reset_password(self, code: str, password: str, address: str) -> None:
        """Take the code of a letter in the place of the old password."""
        self._codes.take(address)
        holder = await self.store.holder("reset", digest(code), self._now_ms())
        if holder is None:
            raise Problem("INVALID_CODE")
        self._codes.give_back(address)
        hashed = await self._hash(password, "password", holder.email, holder.name)
        outcome = await self.store.reset(digest(code), hashed, self._now_ms())
        if outcome is None:
            raise Problem("INVALID_CODE")
        account, ended = outcome
        self.sign_ins.forget_all(account.id, ended)

    async def change_rights(self, account: Account, rights: Rights) -> Account:
        """Change what an account may do; it signs in anew."""
        try:
            ended = await self.store.set_rights(account.id, rights)
        except NotFound:
            raise Problem("UNKNOWN_ACCOUNT") from None
        self.sign_ins.forget_all(account.id, ended)
        return attrs.evolve(account, **attrs.asdict(rights, recurse=False))

    async def _checked(self, email: str, password: str, address: str) -> Account:
        """Give the account whose password this is."""
        key = email_key(email)
        self._tries.take(key, address)
        try:
            account = await self.store.by_email(email)
            kept = None if account is None else account.password
            checked = await self.passwords.check(kept, password)
        except (WorkersBusy, StoreUnavailable):
            self._tries.give_back(key, address)
            raise
        if account is None or kept is None or not checked.is_right:
            raise Problem("UNAUTHENTICATED", WRONG)
        self._tries.right(key, address)
        if checked.better is not None:
            await self.store.replace_hash(account.id, kept, checked.better)
        return account

    async def _hash(self, password: str, field: str, *about: str | None) -> str:
        try:
            return await self.passwords.hash(password, *about)
        except PasswordWeak as weak:
            raise Problem("INVALID_FIELD", f"{field}: {weak}", field=field) from None

    def _write(self, email: str, purpose: Purpose | None) -> None:
        """Have a letter written, unless its receiver has had enough of them."""
        try:
            self._letters_to.take((email_key(email), purpose))
            self.letters.ask(email, purpose)
        except Problem:
            return

    def _now_ms(self) -> int:
        return int(self.now() * 1000)
