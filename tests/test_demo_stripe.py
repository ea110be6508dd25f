"""The demo's localstripe: found where it is installed, and its failures are told in one line."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
import trio

from saleroom import demo_evening, demo_stripe
from saleroom.config import Settings
from saleroom.demo_evening import Surroundings
from saleroom.demo_stripe import complete_setup, localstripe_python, open_localstripe

GUARD_S = 30.0


def _install(folder: Path) -> Path:
    """Put a command and an interpreter where an environment has them."""
    (folder / "bin").mkdir(parents=True)
    for name in ("localstripe", "python"):
        (folder / "bin" / name).write_text("#!/bin/sh\n")
        (folder / "bin" / name).chmod(0o755)
    return folder / "bin" / "python"


def test_it_is_found_beside_the_package_or_on_the_path(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(demo_stripe, "FOLDER", tmp_path / "own")
    monkeypatch.setenv("PATH", str(tmp_path / "path" / "bin"))
    assert localstripe_python() is None
    on_path = _install(tmp_path / "path")
    assert localstripe_python() == on_path
    own = _install(tmp_path / "own")
    assert localstripe_python() == own


async def test_one_that_does_not_start_is_told_at_once() -> None:
    with trio.fail_after(GUARD_S), pytest.raises(OSError, match="does not start"):
        async with open_localstripe(Path(sys.executable)):
            pass


async def test_the_demo_goes_on_without_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demo_evening, "localstripe_python", lambda: Path(sys.executable))
    told: list[str] = []
    surroundings = Surroundings(told.append)
    with trio.fail_after(GUARD_S):
        async with surroundings.around(Settings()) as whole:
            assert surroundings.stripe is None
            assert whole.stripe_secret_key is None
    assert told == ["        localstripe does not start: cards are kept in the sandbox"]


async def test_a_processor_that_is_gone_is_an_operating_error() -> None:
    with trio.fail_after(GUARD_S), pytest.raises(OSError, match="localstripe: ConnectError"):
        await complete_setup("http://127.0.0.1:9", "seti_1", "secret")
