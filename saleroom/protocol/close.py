"""Close codes: why a connection ends, and what its client should do next.

Owns: the codes. Invariant: the range of a code tells the client what to do: 40xx do not come back,
41xx back off, 42xx come back at once with `resume`. Source: PROTOCOL section 5.
"""

from __future__ import annotations

from enum import IntEnum


class Close(IntEnum):
    """A close code with its name as the reason."""

    DONE = 1000
    NOT_TEXT = 1003
    TOO_BIG = 1009
    OUR_FAULT = 1011
    HELLO_TIMEOUT = 4000
    UNAUTHENTICATED = 4001
    FORBIDDEN = 4002
    UNKNOWN_EVENT = 4003
    BANNED = 4004
    PROTOCOL = 4005
    REPLACED = 4006
    OVERLOADED = 4100
    TOO_MANY_CONNECTIONS = 4101
    DRAINING = 4200
    SLOW = 4201
    TOKEN_EXPIRED = 4202
    SILENT = 4203


class ConnectionClosed(Exception):
    """The connection is over: `code` and `reason` as in RFC 6455 7.1.5 and 7.1.6.

    The code is the peer's when it closed, ours when it broke a rule, and 1006 when the connection
    ended without a Close.
    """

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(code, reason)
        self.code = code
        self.reason = reason


def may_return(code: int) -> bool:
    """Say whether a client should connect again after this code."""
    return code not in (Close.DONE, Close.NOT_TEXT, Close.TOO_BIG) and not 4000 <= code < 4100


def returns_at_once(code: int) -> bool:
    """Say whether it should do so without backing off."""
    return 4200 <= code < 4300
