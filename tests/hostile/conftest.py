"""One server for all tests of this room, so that harm done by one shows in the next."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.hostile.house import House, running_house


@pytest.fixture(scope="package")
def house() -> Iterator[House]:
    with running_house() as house:
        yield house
