"""The book that is measured, and the loops over it."""

from __future__ import annotations

import pytest

from bench import inside
from bench.book import open_book, questions, rising_maxes, straight_bids
from bench.windows import WINDOWS, Windows

COUNT = 200


@pytest.mark.parametrize(("maker", "facts"), [(straight_bids, COUNT), (rising_maxes, COUNT)])
def test_every_question_is_accepted(maker: inside.Maker, facts: int) -> None:
    book, _ = open_book()
    outcomes = [book.ask(question) for question in questions(maker(COUNT), COUNT)]
    assert all(outcome.refusal is None for outcome in outcomes)
    assert sum(len(outcome.records) for outcome in outcomes) >= facts


@pytest.mark.parametrize("name", ["straight", "maxes", "replay"])
def test_a_loop_gives_a_rate_for_each_window(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inside, "settle", lambda: None)
    windows = inside.LOOPS[name](COUNT)
    assert len(windows.rates) == WINDOWS
    assert min(windows.rates) > 0


def test_windows_hand_out_every_step_once() -> None:
    assert [step for share in Windows().shares(range(COUNT)) for step in share] == [*range(COUNT)]
