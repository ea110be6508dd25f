"""The screens of a room: when the last of them shows a bid."""

from __future__ import annotations

import pytest

from bench.room import Screens


def test_a_seq_is_complete_at_the_last_screen() -> None:
    screens = Screens([10, 10, 10])
    screens.show(0, 11, 1.0)
    screens.show(2, 11, 2.0)
    assert screens.complete_at == {}
    screens.show(1, 11, 3.0)
    assert screens.complete_at == {11: 3.0}


def test_a_feed_of_several_facts_shows_each_of_them() -> None:
    screens = Screens([10, 10])
    screens.show(0, 11, 1.0)
    screens.show(0, 13, 2.0)
    screens.show(1, 13, 3.0)
    assert screens.complete_at == {11: 3.0, 12: 3.0, 13: 3.0}


@pytest.mark.parametrize("again", [11, 10, 9])
def test_what_a_screen_shows_already_counts_once(again: int) -> None:
    screens = Screens([10, 10])
    screens.show(0, 11, 1.0)
    screens.show(0, again, 2.0)
    assert screens.complete_at == {}
    screens.show(1, 11, 3.0)
    assert screens.complete_at == {11: 3.0}
