"""The measure of memory: its verdict, what it shows, and the server's own figure behind it."""

from __future__ import annotations

from xml.etree import ElementTree

import attrs

from tests.hostile.house import House
from tests.hostile.memory import ROOM
from tests.hostile.memory_report import (
    FACT_BYTES,
    MARGIN_BYTES,
    MIB,
    Departure,
    Evening,
    Sample,
    plot,
    report_lines,
)

BEFORE = 80 * MIB
MARGINS = (MARGIN_BYTES, MARGIN_BYTES + 300 * FACT_BYTES)
STORM = Departure("storm", "9 sockets", 0, 10, 40, 300 * MIB, 200 * MIB, BEFORE, 0)
DEAF = Departure("slow readers", "9 of them", 40, 60, 70, 110 * MIB, 105 * MIB, BEFORE, 300)


def evening(*departures: Departure) -> Evening:
    samples = [Sample(at, BEFORE + at * MIB) for at in range(0, 70, 7)]
    return Evening(1.0, 70 * MIB, BEFORE, samples, departures, [0.001, 0.002])


def test_memory_that_is_back_within_the_margin_passes() -> None:
    back = [attrs.evolve(STORM, after=BEFORE + MARGINS[0])]
    back += [attrs.evolve(DEAF, after=BEFORE + MARGINS[1])]
    assert evening(*back).verdict() == []


def test_each_departure_is_judged() -> None:
    away = [attrs.evolve(STORM, after=BEFORE + MARGINS[0] + 1), STORM]
    away += [attrs.evolve(DEAF, after=BEFORE + MARGINS[1] + 1), DEAF]
    storm, deaf = evening(*away).verdict()
    assert storm.startswith("storm at 0 s: +16.0 MiB")
    assert deaf.startswith("slow readers at 40 s: +17.2 MiB")


def test_the_report_says_what_was_missed() -> None:
    kept = "\n".join(report_lines(evening(STORM, DEAF, STORM), "picture.svg"))
    assert "80.0 before, 300.0 at most, 80.0 at the end" in kept
    assert "Held each time." in kept
    assert "| storm | 9 sockets | 300.0 | 200.0 | 80.0, 80.0 | 30 s |" in kept
    assert "(picture.svg)" in kept
    missed = "\n".join(report_lines(evening(attrs.evolve(STORM, after=2 * BEFORE)), "picture.svg"))
    assert "**Missed**: storm at 0 s: +80.0 MiB" in missed


def test_the_picture_shows_every_load_and_sample() -> None:
    drawn = evening(STORM, DEAF)
    root = ElementTree.fromstring(plot(drawn))  # noqa: S314 - our own
    texts = [each.text for each in root.iter() if each.tag.endswith("text")]
    assert texts[1:] == ["storm", "slow readers"]
    (line,) = [each for each in root.iter() if each.tag.endswith("polyline")]
    assert len(line.attrib["points"].split()) == len(drawn.samples)


async def test_the_server_tells_the_memory_it_takes(house: House) -> None:
    figures = await house.figures()
    told, seen = figures[("rss_bytes", ROOM)], house.resident_bytes()
    assert abs(told - seen) < 8 * MIB
    assert ("give_backs_total", ROOM) in figures
