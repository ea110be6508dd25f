"""Chance from one seed: nothing else decides what a simulated run does.

Owns: every source of chance and of noise outside the run's own generators. Invariant: while a block
lasts, trio's scheduler, the random module and the drawing of keys follow from the seed; logs are
heard by the run alone. Source: I10, STYLE "Tests".
"""

from __future__ import annotations

import logging
import random
import secrets
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from unittest import mock

from trio._core import _run


class Listener(logging.Handler):
    """Keeps the exceptions that the supervisors report."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.errors: list[BaseException] = []

    def emit(self, record: logging.LogRecord) -> None:
        if record.exc_info and record.exc_info[1] is not None:
            self.errors.append(record.exc_info[1])


@contextmanager
def seeded(seed: int) -> Iterator[Listener]:
    """Draw all chance from a seed for the length of the block."""
    keys = random.Random(f"{seed}:keys")
    chance = random.Random(f"{seed}:chance")
    listener = Listener()
    with ExitStack() as stack:
        enter = stack.enter_context
        # trio has no public switch for this; its own pytest plugin turns the same two.
        enter(mock.patch.object(_run, "_ALLOW_DETERMINISTIC_SCHEDULING", new=True))
        enter(mock.patch.object(_run, "_r", random.Random(f"{seed}:scheduler")))
        enter(mock.patch.object(secrets, "token_hex", lambda size: keys.randbytes(size).hex()))
        for name in ("random", "uniform", "shuffle"):
            enter(mock.patch.object(random, name, getattr(chance, name)))
        enter(_heard_by(listener))
        yield listener


@contextmanager
def _heard_by(listener: Listener) -> Iterator[None]:
    logger = logging.getLogger("saleroom")
    propagates, logger.propagate = logger.propagate, False
    logger.addHandler(listener)
    try:
        yield
    finally:
        logger.removeHandler(listener)
        logger.propagate = propagates
