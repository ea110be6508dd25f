"""The benchmark's command line, with measures that take no time."""

from __future__ import annotations

import json
from pathlib import Path

import attrs
import pytest

from bench import BenchFailed, __main__
from bench.report import Result
from bench.setting import Setting
from bench.usage import Cores
from tests.bench.test_report import RESULT


def take(setting: Setting) -> list[Result]:
    return [RESULT]


def take_and_miss(setting: Setting) -> list[Result]:
    return [attrs.evolve(RESULT, measure="slow", value=99.0)]


def fail(setting: Setting) -> list[Result]:
    raise BenchFailed("no server")


@pytest.fixture(autouse=True)
def _three_measures(monkeypatch: pytest.MonkeyPatch) -> None:
    measures = {
        "room": ("one", take),
        "slow": ("two", take_and_miss),
        "broken": ("three", fail),
    }
    monkeypatch.setattr(__main__, "MEASURES", measures)
    monkeypatch.setattr(__main__, "choose_cores", lambda: Cores(None, None))


def kept(path: Path) -> list[str]:
    return [result["measure"] for result in json.loads(path.read_text())["results"]]


def test_a_missed_goal_is_still_a_measure(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "run.json"
    assert __main__.main(["slow", "room", "slow", "--json", str(path)]) == 0
    assert kept(path) == ["slow", "room"]
    printed, progress = capsys.readouterr()
    assert "1 of 2 goals met" in printed
    assert "| slow | p99 | 99 ms | < 50 | **missed** | 1% |" in path.with_suffix(".md").read_text()
    assert "slow         MISSED" in printed
    assert progress.splitlines()[::2] == ["[1/2] slow: two ...", "[2/2] room: one ..."]


def test_what_cannot_be_measured_fails_and_the_rest_is_kept(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "run.json"
    assert __main__.main(["--smoke", "--json", str(path)]) == 1
    assert kept(path) == ["room", "slow"]
    assert "bench: broken: no server\n" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "words"), [([], "--smoke"), (["rom"], "no measure is named rom")]
)
def test_a_wrong_call_says_what_is_right(
    arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stop:
        __main__.main(arguments)
    assert stop.value.code == 2
    assert words in capsys.readouterr().err


def test_two_runs_are_compared(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    paths = [str(tmp_path / name) for name in ("before.json", "after.json")]
    assert __main__.main(["room", "--json", paths[0]]) == 0
    assert __main__.main(["room", "slow", "--json", paths[1]]) == 0
    capsys.readouterr()
    assert __main__.main(["diff", *paths]) == 0
    printed = capsys.readouterr().out
    assert "within the windows" in printed
    assert "only after" in printed


def test_what_is_no_run_cannot_be_compared(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stop:
        __main__.main(["diff", str(tmp_path / "none"), str(tmp_path / "none")])
    assert stop.value.code == 2
    assert "not a kept run" in capsys.readouterr().err
