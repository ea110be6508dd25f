"""How a person wants to be told, applied: by which channels, and when it is quiet.

Owns: the reading of preferences against the house's own. Invariant: what a person chose outweighs
the house's choice, kind by kind; quiet hours are the person's own clock, also when it is put
forward or back. Has no clock of its own. Source: issue 8 point 3, decision 0023.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from saleroom.messages.kinds import KINDS, RINGS
from saleroom.storage.message_ports import Preferences

MINUTES_OF_DAY = 24 * 60


def channels_of(kind: str, preferences: Preferences) -> tuple[str, ...]:
    """Give the channels by which a person is told of this kind."""
    return preferences.choices.get(kind, KINDS[kind].channels)


def is_zone(name: str) -> bool:
    """Say whether this names a time zone."""
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True


def quiet_until(preferences: Preferences, channel: str, now_ms: int) -> int | None:
    """Give the moment at which the quiet ends that holds now, None where none does."""
    begin, end = preferences.quiet_from, preferences.quiet_to
    if channel not in RINGS or begin is None or end is None or begin == end:
        return None
    zone = ZoneInfo(preferences.zone)
    now = datetime.fromtimestamp(now_ms / 1000, UTC).astimezone(zone)
    minute = now.hour * 60 + now.minute
    if (minute - begin) % MINUTES_OF_DAY >= (end - begin) % MINUTES_OF_DAY:
        return None
    day = now.date() if minute < end else now.date() + timedelta(days=1)
    over = datetime(day.year, day.month, day.day, end // 60, end % 60, tzinfo=zone)
    return max(now_ms + 1, int(over.timestamp() * 1000))
