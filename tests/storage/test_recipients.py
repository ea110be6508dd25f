"""What every store of recipients does: who is reached how, who said STOP, whose phone it is."""

from __future__ import annotations

import attrs

from saleroom.storage.accounts_ports import Account
from saleroom.storage.message_ports import Caller, Preferences, PushDevice
from saleroom.storage.ports import EventRow, Registration, Stores

ANN = Account("ann", "Ann", 1, email="ann@hall.example", phone="+1 555 010 0199", verified_at_ms=2)
GALA = EventRow("gala", "Gala", "USD", "open", True, {}, 1)
DEVICE = PushDevice("https://push.example/a", "key", "auth")
QUIET = Preferences({"won": ("sms",), "outbid": ()}, 1_320, 420, "Europe/Paris")


async def seated(stores: Stores) -> None:
    await stores.accounts.add(ANN)
    await stores.accounts.add(
        attrs.evolve(ANN, id="bob", email="bob@hall.example", phone=None, verified_at_ms=None)
    )
    for paddle, user, email, phone in (
        (101, "ann", None, None),
        (102, "bob", None, None),
        (103, "ann", "other@hall.example", "(555) 010-0177"),
        (104, None, None, "+44 20 7946 0018"),
    ):
        row = Registration(paddle, user, f"Guest {paddle}", email, phone)
        await stores.catalogue.put_registration("gala", row)


async def test_people_are_reached_by_registration_or_account(stores: Stores) -> None:
    await seated(stores)
    found = await stores.recipients.of_paddles("gala", [104, 101, 102, 103, 999])
    assert [(each.paddle, each.user, each.email, each.phone) for each in found] == [
        (101, "ann", "ann@hall.example", "+1 555 010 0199"),
        (102, "bob", None, None),
        (103, "ann", "other@hall.example", "(555) 010-0177"),
        (104, None, None, "+44 20 7946 0018"),
    ]
    assert found[0].preferences == Preferences()
    assert await stores.recipients.of_paddles("ball", [101]) == []


async def test_a_recipient_brings_along_preferences_and_devices(stores: Stores) -> None:
    await seated(stores)
    await stores.recipients.set_preferences("ann", Preferences())
    await stores.recipients.set_preferences("ann", QUIET)
    await stores.recipients.add_device("ann", DEVICE, 5, 3)
    ann, guest = await stores.recipients.of_paddles("gala", [101, 104])
    assert (ann.preferences, ann.has_devices) == (QUIET, True)
    assert (guest.preferences, guest.has_devices) == (Preferences(), False)
    assert await stores.recipients.preferences("ann") == QUIET
    assert await stores.recipients.preferences("bob") == Preferences()


async def test_devices_are_bounded_and_change_hands(stores: Stores) -> None:
    devices = [PushDevice(f"https://push.example/{n}", "key", "auth") for n in range(4)]
    for at, device in enumerate(devices):
        await stores.recipients.add_device("ann", device, at, 3)
    assert await stores.recipients.devices("ann") == devices[1:]
    await stores.recipients.add_device("bob", devices[1], 9, 3)
    assert await stores.recipients.devices("ann") == devices[2:]
    await stores.recipients.drop_device(devices[1].endpoint, "ann")
    assert await stores.recipients.devices("bob") == [devices[1]]
    await stores.recipients.drop_device(devices[1].endpoint)
    await stores.recipients.drop_device(devices[2].endpoint, "ann")
    assert await stores.recipients.devices("bob") == []
    assert await stores.recipients.devices("ann") == [devices[3]]


async def test_stop_is_kept_until_start(stores: Stores) -> None:
    phone = "+15550100199"
    assert not await stores.recipients.is_silenced(phone)
    for at in (1, 2):
        await stores.recipients.silence(phone, at)
    assert await stores.recipients.is_silenced(phone)
    assert not await stores.recipients.is_silenced("+15550100198")
    for _ in range(2):
        await stores.recipients.unsilence(phone)
    assert not await stores.recipients.is_silenced(phone)


async def test_callers_are_found_by_the_end_of_their_phone(stores: Stores) -> None:
    await seated(stores)
    assert await stores.recipients.callers("0100199") == []
    await stores.catalogue.add_event(GALA)
    assert await stores.recipients.callers("0100199") == [
        Caller("gala", 101, "ann", "+1 555 010 0199")
    ]
    assert await stores.recipients.callers("9460018") == [
        Caller("gala", 104, None, "+44 20 7946 0018")
    ]
    assert await stores.recipients.callers("0000000") == []
    await stores.catalogue.set_status("gala", "closed")
    assert await stores.recipients.callers("0100199") == []


async def test_events_have_numbers(stores: Stores) -> None:
    number = "+15550100000"
    for event in ("gala", "ball"):
        await stores.recipients.set_number(event, number)
    assert await stores.recipients.events_of(number) == ["ball", "gala"]
    await stores.recipients.set_number("gala", "+15550100001")
    assert await stores.recipients.number("gala") == "+15550100001"
    await stores.recipients.set_number("ball", None)
    assert await stores.recipients.number("ball") is None
    assert await stores.recipients.events_of(number) == []


async def test_who_is_forgotten_has_no_preferences_and_devices(stores: Stores) -> None:
    await stores.recipients.set_preferences("ann", QUIET)
    await stores.recipients.add_device("ann", DEVICE, 5, 3)
    await stores.recipients.set_preferences("bob", QUIET)
    await stores.privacy.forget("ann")
    assert await stores.recipients.preferences("ann") == Preferences()
    assert await stores.recipients.devices("ann") == []
    assert await stores.recipients.preferences("bob") == QUIET
