"""Who may ask what: the roles and the least role of each command.

Owns: the order of roles. Invariant: a higher role has the rights of the lower; operator stands
apart and runs no auction. Source: PROTOCOL section 3, rule 24.
"""

from __future__ import annotations

from enum import Enum

from saleroom.auction import commands as c


class Role(Enum):
    """A right to act, as a token names it."""

    __hash__ = object.__hash__  # a member is one object; Enum's own hash is slow

    DONOR = "donor"
    CLERK = "clerk"
    AUCTIONEER = "auctioneer"
    ADMIN = "admin"
    OPERATOR = "operator"


RANK: dict[Role, int] = {
    Role.OPERATOR: -1,
    Role.DONOR: 0,
    Role.CLERK: 1,
    Role.AUCTIONEER: 2,
    Role.ADMIN: 3,
}

LEAST_ROLE: dict[type[c.Command], Role] = {
    c.PlaceBid: Role.DONOR,
    c.SetMaxBid: Role.DONOR,
    c.Buy: Role.DONOR,
    c.Pledge: Role.DONOR,
    c.ChooseUnits: Role.DONOR,
    c.AnswerOffer: Role.DONOR,
    c.FloorBid: Role.CLERK,
    c.AssignFloor: Role.CLERK,
    c.SetAsk: Role.CLERK,
    c.OpenLot: Role.CLERK,
    c.FairWarning: Role.CLERK,
    c.FinalCall: Role.CLERK,
    c.SellLot: Role.CLERK,
    c.PassLot: Role.CLERK,
    c.ReopenLot: Role.CLERK,
    c.WithdrawLot: Role.CLERK,
    c.Undo: Role.CLERK,
    c.LockRemote: Role.CLERK,
    c.LockPaddle: Role.CLERK,
    c.UnlockPaddle: Role.CLERK,
    c.Announce: Role.CLERK,
    c.VoidPledge: Role.CLERK,
    c.OpenEvent: Role.AUCTIONEER,
    c.PauseEvent: Role.AUCTIONEER,
    c.ResumeEvent: Role.AUCTIONEER,
    c.CloseEvent: Role.AUCTIONEER,
    c.ExtendLot: Role.AUCTIONEER,
    c.SetMatch: Role.AUCTIONEER,
    c.SetChallenge: Role.AUCTIONEER,
    c.AddPaddle: Role.ADMIN,
    c.ChangePaddle: Role.ADMIN,
    c.RetractBids: Role.ADMIN,
    c.OfferRunnerUp: Role.ADMIN,
    c.AddLot: Role.ADMIN,
    c.ChangeLot: Role.ADMIN,
    c.SetSoftClose: Role.ADMIN,
}


def highest(roles: frozenset[Role]) -> Role | None:
    """Name the highest of a user's roles, None for a spectator."""
    return max(roles, key=RANK.__getitem__, default=None)


def outranks(role: Role | None, least: Role) -> bool:
    """Say whether a role has the rights of another. Nobody and the operator have none."""
    return role is not None and RANK[role] >= RANK[least] and role is not Role.OPERATOR
