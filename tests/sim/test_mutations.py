"""Every planted bug is found, and every checker finds one."""

from __future__ import annotations

import pytest

from tests.sim.campaign import hunt
from tests.sim.mutations import MUTATIONS

SEEDS = 200
SEEN_BY = {
    "broadcast-before-commit": "durable",
    "forgotten-commands": "decisions",
    "resume-off-by-one": "feeds",
    "notices-before-feed": "notices",
    "notices-to-everyone": "notices",
    "answers-out-of-order": "order",
    "late-deadlines": "decisions",
    "slow-member-told-twice": "feeds",
    "ack-of-a-failed-commit": "receipts",
    "term-not-raised": "outcomes",
    "snapshot-without-its-tail": "crashes",
    "snapshot-of-undurable-facts": "snapshots",
    "secret-in-the-feed": "secrets",
    "first-of-the-conflated": "screens",
    "stale-view": "screens",
    "refused-after-landing": "refusals",
    "dropped-at-a-crash": "outcomes",
    "answered-twice": "answers",
    "chain-of-bodies-alone": "audit",
    "hot-store-not-refilled": "hot view",
    "stale-leaderboard": "last screens",
    "ids-without-bodies": "once",
}
"""{planted bug: the checker that is there for it}"""


def test_the_list_of_planted_bugs_is_whole() -> None:
    assert SEEN_BY.keys() == MUTATIONS.keys()


@pytest.mark.parametrize("mutation", MUTATIONS)
def test_a_planted_bug_is_found(mutation: str) -> None:
    catch = hunt(mutation, range(SEEDS))
    assert SEEN_BY[mutation] in catch.checkers
