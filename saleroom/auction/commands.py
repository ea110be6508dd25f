"""Commands: what a client may ask of an event.

Owns: the typed form of every command. Invariant: a command is data already checked for shape by
whoever made it, never for lawfulness; whether an amount is in bounds is decided, not decoded.
Source: PROTOCOL section 3. Amounts are in the minor unit, times in ms of the event clock.
"""

from __future__ import annotations

from typing import Annotated, Any

import attrs

Amount = Annotated[int, "amount"]
"""Money in the minor unit; the codec takes integers only, the rules check the bounds."""
Count = Annotated[int, "count"]
"""A number of things, at least 1."""
Text = Annotated[str, "text"]
"""1 to 500 characters."""


@attrs.frozen
class Command:
    """Anything that can be asked."""


@attrs.frozen
class LotCommand(Command):
    """A command about one lot."""

    lot: int


@attrs.frozen
class PlaceBid(LotCommand):
    amount: Amount
    paddle: int | None = None


@attrs.frozen
class SetMaxBid(LotCommand):
    max: Amount
    paddle: int | None = None


@attrs.frozen
class Buy(LotCommand):
    units: Count = 1
    price: Amount | None = None
    paddle: int | None = None


@attrs.frozen
class Pledge(LotCommand):
    """confirm: the donor means a second pledge at the same level."""

    level: Amount
    count: Count = 1
    confirm: bool = False
    paddle: int | None = None


@attrs.frozen
class ChooseUnits(LotCommand):
    """units: in all, of a choice lot that the paddle has won."""

    units: Count
    paddle: int | None = None


@attrs.frozen
class AnswerOffer(LotCommand):
    accept: bool
    paddle: int | None = None


@attrs.frozen
class OfferRunnerUp(LotCommand):
    reason: Text


@attrs.frozen
class VoidPledge(Command):
    """seq: of the fact that made the pledge."""

    seq: int
    reason: Text


@attrs.frozen
class SetMatch(LotCommand):
    ratio_percent: Amount
    cap: Amount


@attrs.frozen
class SetChallenge(LotCommand):
    threshold: Amount
    amount: Amount


@attrs.frozen
class FloorBid(LotCommand):
    paddle: int | None = None
    amount: Amount | None = None


@attrs.frozen
class AssignFloor(LotCommand):
    paddle: int


@attrs.frozen
class SetAsk(LotCommand):
    ask: Amount
    step: Amount | None = None


@attrs.frozen
class OpenLot(LotCommand):
    pass


@attrs.frozen
class FairWarning(LotCommand):
    pass


@attrs.frozen
class FinalCall(LotCommand):
    pass


@attrs.frozen
class SellLot(LotCommand):
    expect_paddle: int | None = None
    expect_amount: Amount | None = None
    override_reserve: bool = False


@attrs.frozen
class PassLot(LotCommand):
    pass


@attrs.frozen
class ReopenLot(LotCommand):
    reason: Text | None = None


@attrs.frozen
class WithdrawLot(LotCommand):
    reason: Text


@attrs.frozen
class Undo(LotCommand):
    expect_seq: int | None = None


@attrs.frozen
class LockRemote(LotCommand):
    on: bool


@attrs.frozen
class ExtendLot(LotCommand):
    ends_at: int


@attrs.frozen
class RetractBids(LotCommand):
    paddle: int
    reason: Text


@attrs.frozen
class LockPaddle(Command):
    paddle: int
    reason: Text
    ban: bool = False


@attrs.frozen
class UnlockPaddle(Command):
    paddle: int


@attrs.frozen
class Announce(Command):
    text: Text


@attrs.frozen
class OpenEvent(Command):
    pass


@attrs.frozen
class RecordPayment(LotCommand):
    """The house itself asks it, once a paddle's part of a lot is paid; no client can."""

    paddle: int


@attrs.frozen
class PauseEvent(Command):
    reason: Text


@attrs.frozen
class ResumeEvent(Command):
    pass


@attrs.frozen
class CloseEvent(Command):
    pass


@attrs.frozen
class AddPaddle(Command):
    name: Text | None = None
    user: Text | None = None
    paddle: int | None = None
    limit: Amount | None = None
    table: Text | None = None
    email: Text | None = None
    phone: Text | None = None
    captain: bool | None = None
    opted_in: bool | None = None


@attrs.frozen
class ChangePaddle(Command):
    paddle: int
    limit: Amount | None = None
    table: Text | None = None
    terms_version: int | None = None
    new_paddle: int | None = None
    captain: bool | None = None
    opted_in: bool | None = None
    user: Text | None = None


@attrs.frozen
class AddLot(Command):
    """lot: its number, the next free one when absent. fields: the rest of its definition."""

    lot: int | None
    fields: dict[str, Any]


@attrs.frozen
class ChangeLot(LotCommand):
    """fields: those parts of the definition that change."""

    fields: dict[str, Any]


@attrs.frozen
class SetSoftClose(Command):
    window: int
    extension: int
    cap: int | None = None
    start_from: Text = "bid"
