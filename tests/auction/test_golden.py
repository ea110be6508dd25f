"""Golden journals: what every release wrote is replayed to the state that it had.

Source: ARCHITECTURE I5.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from saleroom.auction.facts import FACTS
from tools.golden import FOLDER, golden_lines, main, present_version, replayed, scripted_sale
from tools.golden import state_digest as digest_of

FILES = sorted(FOLDER.glob("*.jsonl"))


def test_the_present_release_has_a_journal() -> None:
    assert present_version() in [path.stem for path in FILES]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_golden_journal_replays_to_its_state(path: Path) -> None:
    book, end = replayed(path.read_bytes())
    assert book.state.position == end["position"]
    assert digest_of(book.state) == end["digest"]


def test_the_scripted_sale_brings_about_every_fact() -> None:
    book, written = scripted_sale()
    assert {chained.entry.fact.type for chained in written} == set(FACTS)
    again, end = replayed(b"\n".join(golden_lines(book, written)))
    assert again.state == book.state
    assert digest_of(again.state) == end["digest"]


def test_another_state_has_another_digest() -> None:
    book, _ = scripted_sale()
    before = digest_of(book.state)
    book.state.lots[1].wins.clear()
    assert digest_of(book.state) != before


def test_a_changed_record_is_noticed() -> None:
    lines = list(golden_lines(*scripted_sale()))
    lines[1] = lines[1].replace(b"60000", b"60001")
    with pytest.raises(ValueError, match="another head at position 2"):
        replayed(b"\n".join(lines))
    with pytest.raises(ValueError, match="without records"):
        replayed(lines[-1])


def test_a_file_is_written_once(tmp_path: Path) -> None:
    assert main("9.9.9", tmp_path) == 0
    written = (tmp_path / "9.9.9.jsonl").read_bytes()
    assert main("9.9.9", tmp_path) == 1
    assert (tmp_path / "9.9.9.jsonl").read_bytes() == written
