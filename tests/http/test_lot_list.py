"""Lists of lots: filters, orders and pages, over lots that are at hand (PROTOCOL 7)."""

from __future__ import annotations

from typing import Any

import attrs
import pytest

from saleroom.http.catalogue.lot_list import LotQuery, page_of, wanted_lots
from saleroom.http.requests.problems import Problem


def lot(number: int, **changes: Any) -> dict[str, Any]:
    return {
        "lot": number,
        "title": f"Lot {number}",
        "mode": "live",
        "state": "queued",
        "category": None,
        "price": None,
        "min_next": 100,
        "ends_at": None,
        "bid_count": 0,
        **changes,
    }


LOTS = [
    lot(1, title="Zither", price=500, ends_at=30, bid_count=2),
    lot(2, title="élan", min_next=300),
    lot(3, title="Apple", price=500, ends_at=10, bid_count=1),
    lot(4, title="Elan vital", price=200, ends_at=20, bid_count=2),
]


def pages(query: LotQuery, limit: int, ranks: dict[int, int] | None = None) -> list[list[int]]:
    found: list[list[int]] = []
    while True:
        page = page_of(LOTS, query, limit, ranks or {})
        found.append([shown["lot"] for shown in page.lots])
        if page.next is None:
            return found
        query = attrs.evolve(query, cursor=page.next)


@pytest.mark.parametrize(
    ("sort", "expected"),
    [
        ("", [3, 1, 2, 4]),
        ("order", [3, 1, 2, 4]),
        ("number", [1, 2, 3, 4]),
        ("-number", [4, 3, 2, 1]),
        ("lot", [1, 2, 3, 4]),
        ("-lot", [4, 3, 2, 1]),
        ("price", [4, 2, 1, 3]),
        ("-price", [3, 1, 2, 4]),
        ("ends_at", [3, 4, 1, 2]),
        ("-ends_at", [1, 4, 3, 2]),
        ("bids", [2, 3, 1, 4]),
        ("-bids", [4, 1, 3, 2]),
        ("bid_count", [2, 3, 1, 4]),
        ("-bid_count", [4, 1, 3, 2]),
        ("title", [3, 2, 4, 1]),
        ("-title", [1, 4, 2, 3]),
    ],
)
@pytest.mark.parametrize("limit", [1, 2, 3, 4, 9])
def test_every_order_in_pages_of_any_size(sort: Any, expected: list[int], limit: int) -> None:
    found = pages(LotQuery(sort=sort), limit, ranks={3: 1, 1: 2})
    assert [number for page in found for number in page] == expected
    assert all(len(page) == limit for page in found[:-1])


def test_what_a_search_found_comes_best_first() -> None:
    assert pages(LotQuery(q="elan"), 3, ranks={4: 1, 2: 2, 1: 3, 3: 4}) == [[4, 2, 1], [3]]
    assert pages(LotQuery(q="elan", sort="number"), 9) == [[1, 2, 3, 4]]


def test_a_lot_that_moves_does_not_shift_the_others() -> None:
    query = LotQuery(sort="price")
    first = page_of(LOTS, query, 2, {})
    assert first.next is not None
    moved = [lot(9, price=1), *LOTS]
    second = page_of(moved, attrs.evolve(query, cursor=first.next), 2, {})
    assert [shown["lot"] for shown in second.lots] == [1, 3]


@pytest.mark.parametrize(
    "other",
    [
        LotQuery(sort="number"),
        LotQuery(sort="price", mode="live"),
        LotQuery(sort="price", q="elan"),
        LotQuery(sort="price", category="Wine"),
    ],
)
def test_a_cursor_serves_only_the_query_that_gave_it(other: LotQuery) -> None:
    cursor = page_of(LOTS, LotQuery(sort="price"), 2, {}).next
    assert cursor is not None
    with pytest.raises(Problem) as refused:
        page_of(LOTS, attrs.evolve(other, cursor=cursor), 2, {})
    assert (refused.value.code, refused.value.status) == ("UNKNOWN_CURSOR", 404)


@pytest.mark.parametrize("cursor", ["x", "e30", "W10", "bnVsbA", "____", "WyJhIiwxLDIsM10"])
def test_what_is_no_cursor_leads_nowhere(cursor: str) -> None:
    with pytest.raises(Problem) as refused:
        page_of(LOTS, LotQuery(cursor=cursor), 2, {})
    assert refused.value.code == "UNKNOWN_CURSOR"


def test_without_a_search_the_running_order_is_what_is_relevant() -> None:
    ranks = {number: -number for number in range(10)}
    relevant = page_of(LOTS, LotQuery(sort="relevance"), 99, ranks)
    assert relevant.lots == page_of(LOTS, LotQuery(), 99, ranks).lots


def test_filters_leave_out_all_that_differs() -> None:
    lots = [
        lot(1, category="Wine"),
        lot(2, mode="sale", category="Wine"),
        lot(3, state="sold", category="Wine"),
        lot(4),
    ]
    for query, expected in (
        (LotQuery(mode="live"), [1, 3, 4]),
        (LotQuery(state="queued"), [1, 2, 4]),
        (LotQuery(category="Wine"), [1, 2, 3]),
        (LotQuery(category="Wine", mode="live", state="queued"), [1]),
    ):
        assert [found["lot"] for found in wanted_lots(lots, query)] == expected
