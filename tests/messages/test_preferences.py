"""Preferences applied: channels by kind, quiet hours by the person's own clock."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from saleroom.messages.kinds import KINDS
from saleroom.messages.phones import e164, is_region
from saleroom.messages.preferences import channels_of, is_zone, quiet_until
from saleroom.storage.message_ports import Preferences

NIGHT = Preferences({}, 22 * 60, 7 * 60, "Europe/Paris")
NOON = Preferences({}, 12 * 60, 13 * 60 + 30, "America/New_York")


def at(moment: str, zone: str) -> int:
    return int(datetime.fromisoformat(moment).replace(tzinfo=ZoneInfo(zone)).timestamp() * 1000)


def test_a_choice_outweighs_the_house_kind_by_kind() -> None:
    chosen = Preferences({"outbid": (), "won": ("push",)})
    assert channels_of("outbid", chosen) == ()
    assert channels_of("won", chosen) == ("push",)
    assert channels_of("receipt", chosen) == KINDS["receipt"].channels == ("email",)


@pytest.mark.parametrize(
    ("preferences", "now", "over"),
    [
        (NIGHT, "2026-03-10T22:00", "2026-03-11T07:00"),
        (NIGHT, "2026-03-11T06:59", "2026-03-11T07:00"),
        (NIGHT, "2026-03-11T07:00", None),
        (NIGHT, "2026-03-11T21:59", None),
        (NIGHT, "2026-03-28T23:00", "2026-03-29T07:00"),  # the clock is put forward in this night
        (NIGHT, "2026-10-24T23:00", "2026-10-25T07:00"),  # and back in this one
        (NOON, "2026-06-01T12:00", "2026-06-01T13:30"),
        (NOON, "2026-06-01T11:59", None),
        (NOON, "2026-06-01T13:30", None),
    ],
)
def test_quiet_hours_are_the_persons_own(
    preferences: Preferences, now: str, over: str | None
) -> None:
    zone = preferences.zone
    expected = None if over is None else at(over, zone)
    for channel in ("sms", "push"):
        assert quiet_until(preferences, channel, at(now, zone)) == expected
    assert quiet_until(preferences, "email", at(now, zone)) is None


@pytest.mark.parametrize(
    "preferences", [Preferences(), Preferences({}, 60, 60), Preferences({}, None, None, "UTC")]
)
def test_nobody_is_quiet_who_did_not_ask_for_it(preferences: Preferences) -> None:
    assert all(quiet_until(preferences, "sms", hour * 3_600_000) is None for hour in range(24))


@pytest.mark.parametrize(
    ("name", "is_one"),
    [
        ("Europe/Zurich", True),
        ("UTC", True),
        ("Mars/Olympus", False),
        ("", False),
        ("../etc/passwd", False),
    ],
)
def test_zones_are_known_by_name(name: str, is_one: bool) -> None:
    assert is_zone(name) is is_one


@pytest.mark.parametrize(
    ("written", "region", "number"),
    [
        ("+1 (201) 555-0199", "US", "+12015550199"),
        ("201.555.0199", "US", "+12015550199"),
        ("1 201 555 0199", "US", "+12015550199"),
        ("020 7946 0018", "GB", "+442079460018"),
        ("0044 20 7946 0018", "DE", "+442079460018"),
        ("+442079460018", "US", "+442079460018"),
        ("555-0199", "US", None),
        ("ext. 12", "US", None),
        ("201 555 0199 ext 5", "US", None),
        ("nobody", "US", None),
        ("1" * 60, "US", None),
        (None, "US", None),
    ],
)
def test_phones_are_read_as_people_write_them(
    written: str | None, region: str, number: str | None
) -> None:
    assert e164(written, region) == number


def test_regions_are_countries() -> None:
    assert is_region("CH")
    assert not is_region("XX")
