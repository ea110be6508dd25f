"""Ways: what brings members from where they stand to the newest fact, one frame for all alike.

Owns: the frames of one moment. Invariant: one encoding per form and place serves all who stand
there. Must not know: who is sent what, or when. Source: ARCHITECTURE 5, PROTOCOL 4.
"""

from __future__ import annotations

from collections.abc import Sequence

from saleroom.actors.bulletin import Bulletin
from saleroom.protocol.feed import Tail, feed_message
from saleroom.protocol.frames import text_frame
from saleroom.protocol.wire_facts import WireFact


class Frames(dict[tuple[bool, bool, bool], bytes]):
    """Consecutive facts, and what everyone hears with them, as one frame per form.

    Its keys are forms: (is_conflated, is_staff, is_new); each is encoded when it is first sent.
    """

    def __init__(self, facts: Sequence[WireFact], bulletin: Bulletin | None) -> None:
        super().__init__()
        self._facts, self._bulletin = facts, bulletin

    def __missing__(self, form: tuple[bool, bool, bool]) -> bytes:
        is_conflated, is_staff, is_new = form
        messages = []
        if self._facts:
            message = feed_message(self._facts, conflated=is_conflated, for_staff=is_staff)
            messages.append(message)
        if self._bulletin is not None:
            messages += self._bulletin.messages(is_staff=is_staff, is_new=is_new)
        frame = self[form] = frame_of(messages)
        return frame


class Ways(dict[int, Frames]):
    """The ways from where members stand up to one seq, the newest when this was made.

    Its keys are cursors; each way is taken from the tail when somebody first goes it.
    """

    def __init__(self, tail: Tail, bulletin: Bulletin | None) -> None:
        super().__init__()
        self.last, self.least = tail.last_seq, tail.first_seq
        self._tail, self._bulletin = tail, bulletin

    def __missing__(self, cursor: int) -> Frames:
        facts = self._tail.since(cursor) if cursor <= self.last else ()
        frames = self[cursor] = Frames(facts, self._bulletin)
        return frames


def frame_of(messages: list[bytes]) -> bytes:
    """Frame what there is; nothing for nothing."""
    present = [message for message in messages if message]
    return text_frame(b"[" + b",".join(present) + b"]") if present else b""
