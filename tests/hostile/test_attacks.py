"""Each attack at the scale of a test: the server serves on, and keeps nothing of it."""

from __future__ import annotations

import pytest

from tests.hostile.attacks import ATTACKS
from tests.hostile.house import House, unharmed


@pytest.mark.parametrize("name", ATTACKS)
async def test_an_attack_harms_nobody(house: House, name: str) -> None:
    attack = ATTACKS[name]
    async with unharmed(house) as scene:
        await attack.run(scene, attack.small)
