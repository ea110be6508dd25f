"""The frames that a websocket server sends, as bytes.

Owns: the framing of unmasked, unfragmented frames. Invariant: byte for byte what wsproto sends,
which a test holds; encoded here because one frame goes to thousands of sockets and has no
connection of its own. Knows nothing of streams or messages. Source: RFC 6455, 5.2 and 5.5.
"""

from __future__ import annotations

import struct

_FIN = 0x80
_TEXT, _BINARY, _CLOSE, _PING, _PONG = 0x1, 0x2, 0x8, 0x9, 0xA
_CONTROL_BYTES_MAX = 125
_REASON_BYTES_MAX = _CONTROL_BYTES_MAX - 2
_NO_STATUS = 1005  # stands for a Close without a code, and is never sent


def text_frame(payload: bytes) -> bytes:
    """Frame a whole text message. payload: UTF-8."""
    return _frame(_TEXT, payload)


def binary_frame(payload: bytes) -> bytes:
    """Frame a whole binary message."""
    return _frame(_BINARY, payload)


def ping_frame(payload: bytes = b"") -> bytes:
    """Frame a Ping. payload: at most 125 bytes."""
    return _control(_PING, payload)


def pong_frame(payload: bytes = b"") -> bytes:
    """Frame a Pong. payload: at most 125 bytes."""
    return _control(_PONG, payload)


def close_frame(code: int, reason: str = "") -> bytes:
    """Frame a Close. The reason is cut, between characters, to 123 bytes; 1005 sends no code."""
    if code == _NO_STATUS:
        return _control(_CLOSE, b"")
    words = reason.encode()[:_REASON_BYTES_MAX].decode(errors="ignore").encode()
    return _control(_CLOSE, struct.pack("!H", code) + words)


def _control(opcode: int, payload: bytes) -> bytes:
    if len(payload) > _CONTROL_BYTES_MAX:
        raise ValueError("a control frame carries at most 125 bytes")
    return _frame(opcode, payload)


def _frame(opcode: int, payload: bytes) -> bytes:
    size = len(payload)
    if size <= 125:
        head = struct.pack("!BB", _FIN | opcode, size)
    elif size <= 0xFFFF:
        head = struct.pack("!BBH", _FIN | opcode, 126, size)
    else:
        head = struct.pack("!BBQ", _FIN | opcode, 127, size)
    return head + payload
