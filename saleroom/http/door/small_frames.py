"""The frames that clients send all day, read without ceremony.

Owns: the reading of whole, masked, unfragmented text frames of at most 125 bytes, and of Pongs.
Invariant: what arrives is read here only if all of it consists of such frames; anything else, a
partial frame too, is left whole to the protocol that knows every case, and stays with it. Knows
nothing of connections. Source: RFC 6455 5.2 and 5.3, docs/decisions/0001-websocket-reading.md.
"""

from __future__ import annotations

from collections import deque

_TEXT, _PONG = 0x81, 0x8A  # with FIN set, and no reserved bit
_MASKED_EMPTY, _MASKED_LONGEST = 0x80, 0xFD
_HEAD_BYTES = 6  # opcode, length, mask


class SmallFrames:
    """Texts read and not yet taken."""

    __slots__ = ("_texts",)

    def __init__(self) -> None:
        self._texts: deque[str] | None = None

    def give(self, data: bytes) -> bool:
        """Read what arrived; False, and nothing read, when it is not all small frames."""
        at, size, texts = 0, len(data), []
        while at < size:
            if size - at < _HEAD_BYTES:
                return False
            opcode, length = data[at], data[at + 1]
            start = at + _HEAD_BYTES
            end = start + length - _MASKED_EMPTY
            if not _MASKED_EMPTY <= length <= _MASKED_LONGEST or end > size:
                return False
            if opcode == _TEXT:
                try:
                    texts.append(_unmasked(data[start:end], data[at + 2 : start]).decode())
                except UnicodeDecodeError:
                    return False
            elif opcode != _PONG:
                return False
            at = end
        if texts:
            self._texts = deque(texts)
        return True

    def take(self) -> str | None:
        """Give the next text, None when there is none."""
        if self._texts is None:
            return None
        text = self._texts.popleft()
        if not self._texts:
            self._texts = None
        return text


def _unmasked(payload: bytes, mask: bytes) -> bytes:
    size = len(payload)
    key = (mask * (size // 4 + 1))[:size]
    return (int.from_bytes(payload, "big") ^ int.from_bytes(key, "big")).to_bytes(size, "big")
