"""The ways in which a client comes and goes, as the bytes that it sends before it ends its side.

Owns: the ways. Invariant: the door has let go of each by itself once the client has ended its side.
Must not know: what is measured meanwhile.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from tests.http.wire import CLOSE, TEXT, client_frame, close_payload, get, upgrade

WAYS: Final = MappingProxyType(
    {
        "leaves at once": b"",
        "half a request": get("/")[:-2],
        "a request": get("/alive", "Connection: close"),
        "no request": b"\0\r\n\r\n",
        "a bad key": upgrade(key="\xff"),
        "a Close": upgrade() + client_frame(TEXT, b"x") + client_frame(CLOSE, close_payload(1000)),
        "a breach": upgrade() + client_frame(0x3),
        "no Close": upgrade() + client_frame(TEXT, b"x"),
    }
)
