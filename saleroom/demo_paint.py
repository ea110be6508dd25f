"""The demo's pictures: a harbour for each lot, each in another light.

Owns: the drawing, column by column, and its bytes as PNG. Invariant: the same number gives the same
picture; it runs in a worker process. Must not know: lots, stores, the server.
Source: PNG specification, third edition.
"""

from __future__ import annotations

import math
import random
import struct
import zlib
from collections.abc import Callable, Sequence
from typing import Final

WIDTH, HEIGHT = 1280, 960
HILLS, WAVES, LAMPS = 3, 4, 14
PACKED = 6

Colour = tuple[int, int, int]
Ridge = Callable[[int], float]
"""The height of an edge at each column, in px from the top."""

LIGHTS_OF_DAY: Final[list[tuple[Colour, Colour, Colour]]] = [
    ((28, 42, 84), (242, 150, 110), (24, 62, 84)),
    ((18, 30, 58), (96, 112, 168), (14, 40, 64)),
    ((96, 158, 196), (250, 226, 178), (22, 96, 112)),
    ((62, 48, 96), (240, 176, 148), (44, 62, 104)),
    ((120, 178, 190), (236, 240, 224), (26, 110, 104)),
    ((40, 60, 70), (214, 190, 120), (30, 74, 70)),
]
"""Sky above, sky at the horizon, water."""
NIGHT: Final[Colour] = (6, 14, 26)
PALE: Final[Colour] = (255, 250, 236)
LAMP: Final[Colour] = (255, 232, 176)


def drawn(number: int) -> bytes:
    """Draw a picture."""
    rng = random.Random(number)  # noqa: S311 - a drawing
    above, horizon, water = LIGHTS_OF_DAY[number % len(LIGHTS_OF_DAY)]
    shore = int(HEIGHT * rng.uniform(0.55, 0.66))
    sky = b"".join(bytes(_mixed(above, horizon, (y / shore) ** 1.4)) for y in range(shore))
    sun = rng.uniform(0.2, 0.8) * WIDTH, shore - rng.uniform(0.05, 0.3) * HEIGHT
    discs = [
        (radius, _mixed(horizon, PALE, share))
        for radius, share in ((150, 0.2), (110, 0.4), (72, 0.8))
    ]
    edges: list[tuple[Ridge, Colour]] = [
        (
            _hills(rng, shore, (HILLS - ridge) * HEIGHT // 16),
            _mixed(horizon, water, (ridge + 1) / (HILLS + 1)),
        )
        for ridge in range(HILLS)
    ]
    edges += [
        (
            _waves(rng, shore + (HEIGHT - shore) * wave // WAVES),
            _mixed(water, NIGHT, wave / WAVES),
        )
        for wave in range(WAVES)
    ]
    lamps = {int(rng.uniform(0.03, 0.97) * WIDTH): rng.randint(30, 110) for _ in range(LAMPS)}
    columns = []
    for x in range(WIDTH):
        column = bytearray(sky.ljust(HEIGHT * 3, b"\0"))
        for radius, colour in discs:
            half = math.sqrt(max(0.0, radius**2 - (x - sun[0]) ** 2))
            _fill(column, sun[1] - half, sun[1] + half, colour)
        for edge, colour in edges:
            _fill(column, edge(x), HEIGHT, colour)
        columns.append(column)
    for x, reach in lamps.items():
        for near in (x - 1, x, x + 1):
            _fill(columns[near], shore - 12, shore - 6, LAMP)
            _fill(columns[near], shore + 12, shore + reach, LAMP)
    return _png(columns)


def _mixed(one: Colour, other: Colour, share: float) -> Colour:
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(one, other, strict=True))
    return red, green, blue


def _hills(rng: random.Random, shore: int, height: int) -> Ridge:
    turns = [(rng.uniform(1, 5), rng.uniform(0, math.tau)) for _ in range(3)]

    def edge(x: int) -> float:
        swell = sum(math.sin(x / WIDTH * math.tau * turn + at) for turn, at in turns) / len(turns)
        return shore - height * (0.55 + 0.45 * swell)

    return edge


def _waves(rng: random.Random, top: int) -> Ridge:
    turn, at = rng.uniform(3, 7), rng.uniform(0, math.tau)
    return lambda x: top + 7 * math.sin(x / WIDTH * math.tau * turn + at)


def _fill(column: bytearray, top: float, bottom: float, colour: Colour) -> None:
    first, last = max(0, int(top)), min(HEIGHT, int(bottom))
    if first < last:
        column[first * 3 : last * 3] = bytes(colour) * (last - first)


def _png(columns: Sequence[bytearray]) -> bytes:
    rows = (
        b"\0" + b"".join([column[at : at + 3] for column in columns])
        for at in range(0, HEIGHT * 3, 3)
    )
    head = struct.pack(">IIBBBBB", WIDTH, HEIGHT, 8, 2, 0, 0, 0)
    body = zlib.compress(b"".join(rows), PACKED)
    parts = ((b"IHDR", head), (b"IDAT", body), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, data) for kind, data in parts)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
