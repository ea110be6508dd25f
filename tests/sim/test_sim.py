"""Whole evenings from their seeds: what is promised holds, and the seed decides everything."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.e2e.server import ROOT
from tests.sim.campaign import told
from tests.sim.mutations import MUTATIONS, chance_from_elsewhere
from tests.sim.run import play, replay_command

SEEDS, SEEDS_A_TEST = 200, 20


@pytest.mark.parametrize("start", range(0, SEEDS, SEEDS_A_TEST))
def test_what_was_promised_holds_whatever_the_seed(start: int) -> None:
    runs = [play(seed) for seed in range(start, start + SEEDS_A_TEST)]
    assert not [line for run in runs if run.findings for line in told(run)]
    assert sum(run.accepted for run in runs) > 500
    assert sum(run.faults.total() for run in runs) > 100


@pytest.mark.parametrize("seed", [8, 23, 84, 176])
def test_a_seed_gives_the_same_evening_again(seed: int) -> None:
    assert play(seed) == play(seed)


def test_a_seed_gives_the_same_journal_in_every_process() -> None:
    assert {_journal_elsewhere(17, hash_seed) for hash_seed in (1, 2)} == {play(17).journal}


def test_chance_from_elsewhere_is_noticed() -> None:
    with chance_from_elsewhere():
        assert play(0).journal != play(0).journal


def test_a_failure_prints_the_command_that_plays_it_again() -> None:
    run = play(0, "resume-off-by-one")
    assert told(run, "resume-off-by-one")[-1] == (
        "  replay: .venv/bin/python -m tests.sim --seed 0 --mutation resume-off-by-one"
    )


def test_a_planted_bug_ends_with_its_evening() -> None:
    sound = play(0)
    for mutation in MUTATIONS:
        with MUTATIONS[mutation].plant():
            pass
    assert play(0) == sound


def _journal_elsewhere(seed: int, hash_seed: int) -> str:
    """Play a seed in another process, in which sets and dictionaries are hashed otherwise."""
    played = subprocess.run(
        [sys.executable, *replay_command(seed).split()[1:]],
        cwd=ROOT,
        env={**os.environ, "PYTHONHASHSEED": str(hash_seed)},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return played.stdout.split()[-1]
