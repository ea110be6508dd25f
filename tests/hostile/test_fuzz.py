"""The fuzzer over a few thousand frames, and that its input is what it should be."""

from __future__ import annotations

import json
from random import Random

import pytest

from saleroom.protocol.codec import Malformed, decode_frame
from tests.hostile.fuzz import Fuzz
from tests.hostile.house import House, unharmed
from tests.hostile.mutate import MESSAGES, spoiled_frames, spoiled_message, valid_message

FRAMES = 4_000
SEED = "a gala"


@pytest.mark.parametrize("name", MESSAGES)
def test_a_valid_message_of_each_class_passes_the_codec(name: str) -> None:
    random = Random(name)
    for _ in range(20):
        decode_frame(json.dumps(valid_message(random, name)))


def test_most_of_what_is_spoiled_is_malformed() -> None:
    random, malformed = Random(SEED), 0
    for _ in range(1_000):
        try:
            decode_frame(spoiled_message(random))
        except Malformed:
            malformed += 1
    assert 600 < malformed < 1_000


def test_a_seed_tells_the_input() -> None:
    assert spoiled_frames(Random(SEED), 3) == spoiled_frames(Random(SEED), 3)


async def test_malformed_input_harms_nobody(house: House) -> None:
    async with unharmed(house) as scene:
        fuzz = Fuzz(scene, SEED, FRAMES)
        await fuzz.run()
    assert fuzz.sent.total() >= FRAMES
    assert min(fuzz.sent[kind] for kind in ("messages", "frames", "heads")) > 0
    assert fuzz.answered["nack MALFORMED"] > FRAMES / 2
