"""Lists of lots: which of an event's lots are asked for, in which order, and which page of them.

Owns: filters, orders and pages of lots that have been read. Invariant: pages of one query neither
repeat nor leave out a lot that stays where it is; lots without a value come last, whichever way.
Must not know: where lots are read from, or who asks. Source: PROTOCOL 7.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Annotated, Any, Final, Literal

import attrs

from saleroom.http.catalogue.api_shapes import PageLimit
from saleroom.http.requests.api_cursors import Cursor, cursor_of, place_of
from saleroom.protocol.shapes import ABSENT, Chars, Example
from saleroom.protocol.wire_views import LotState, Mode
from saleroom.storage.lot_search import words_of

Lot = Mapping[str, Any]
SEARCH_CHARS_MAX = 200
TITLE_CHARS = 80
"""Of a title, in an order and its cursors."""

Sort = Literal[
    "order",
    "number",
    "lot",
    "price",
    "ends_at",
    "bids",
    "bid_count",
    "title",
    "relevance",
    "-number",
    "-lot",
    "-price",
    "-ends_at",
    "-bids",
    "-bid_count",
    "-title",
]
"""An order goes by its own name, or by that of the field which it compares."""


@attrs.frozen
class LotQuery:
    """Which lots, in the running order, or with `q` the best first; a `-` turns an order round.

    What is left blank asks for nothing, as in an address made from a form.
    """

    cursor: Cursor = ""
    limit: PageLimit = ABSENT
    mode: Literal[Mode, ""] = ""
    state: Literal[LotState, ""] = ""
    category: Annotated[str, Chars(0, 100), Example("Craft")] = ""
    q: Annotated[str, Chars(0, SEARCH_CHARS_MAX), Example("quilt")] = ""
    sort: Literal[Sort, ""] = ""


def _price(lot: Lot) -> int:
    price = lot["price"]
    return lot["min_next"] if price is None else price  # type: ignore[no-any-return]


_VALUES: Final[Mapping[str, tuple[type, Callable[[Lot], int | str | None]]]] = {
    "number": (int, lambda lot: lot["lot"]),
    "lot": (int, lambda lot: lot["lot"]),
    "price": (int, _price),
    "ends_at": (int, lambda lot: lot["ends_at"]),
    "bids": (int, lambda lot: lot["bid_count"]),
    "bid_count": (int, lambda lot: lot["bid_count"]),
    "title": (str, lambda lot: " ".join(words_of(lot["title"]))[:TITLE_CHARS]),
}
"""{order: (what it compares, how it is had)}; before its first bid a lot's price is its opening."""


@attrs.frozen
class LotPage:
    """Lots, and the cursor of the following page."""

    lots: Sequence[Lot]
    next: str | None


def wanted_lots(lots: Iterable[Lot], query: LotQuery) -> list[Lot]:
    """Leave out what the filters leave out."""
    return [
        lot
        for lot in lots
        if query.mode in ("", lot["mode"])
        and query.state in ("", lot["state"])
        and query.category in ("", lot["category"])
    ]


def page_of(lots: Iterable[Lot], query: LotQuery, limit: int, ranks: Mapping[int, int]) -> LotPage:
    """Give a page of lots.

    ranks: {lot: its place} in the running order, or among what was found when `q` is asked; of
    lots without a place the lowest number comes first. Without `q` the most relevant is whatever
    the running order has first. Raises Problem (UNKNOWN_CURSOR).
    """
    sort = query.sort or ("relevance" if query.q else "order")
    is_turned = sort.startswith("-")
    kind, value = _VALUES.get(sort.removeprefix("-"), (int, lambda lot: ranks.get(lot["lot"])))
    asked = attrs.asdict(attrs.evolve(query, cursor="", limit=0)) | {"sort": sort}
    after = place_of(asked, query.cursor, (bool, kind, int))

    def place(lot: Lot) -> tuple[bool, int | str, int]:
        found = value(lot)
        is_last = found is None
        return is_last is not is_turned, kind() if found is None else found, lot["lot"]

    placed = sorted(((place(lot), lot) for lot in lots), key=_first, reverse=is_turned)
    if after is not None:
        end = tuple(after)
        placed = [one for one in placed if (one[0] < end if is_turned else one[0] > end)]
    shown = [lot for _, lot in placed[:limit]]
    following = cursor_of(asked, placed[limit - 1][0]) if len(placed) > limit else None
    return LotPage(shown, following)


def _first(pair: tuple[Any, Lot]) -> Any:
    return pair[0]
