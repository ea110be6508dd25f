"""Wish lists over HTTP: one's own, and those of friends by their links.

Owns: the routes of `/api/v1/me/wishlists` and `/api/v1/wishlists`. Invariant: a list is found by
its owner, or by whoever has its link; nobody promises on their own list, nor more than is left; an
owner learns who gave only of a closed list that they asked to be revealed.
Source: issue 6 point 4, decision 0011.
"""

from __future__ import annotations

import secrets
from typing import Any

import attrs
from quart import Blueprint, Response

from saleroom.http.catalogue.api_views import Views
from saleroom.http.requests.api_access import Access
from saleroom.http.requests.api_requests import idempotency_key, path_number, read_page, respond
from saleroom.http.requests.bodies import read_body, read_changes, read_query
from saleroom.http.requests.contract import (
    ANYONE,
    IDEMPOTENCY_KEY,
    SIGNED_IN,
    contract,
)
from saleroom.http.requests.problems import Problem
from saleroom.http.sale.wish_shapes import (
    GiftView,
    GiverView,
    Item,
    Link,
    ListId,
    NewGift,
    NewWish,
    NewWishList,
    SharedWishList,
    WishedLot,
    WishListChanges,
    WishListHead,
    WishListPage,
    WishListQuery,
    WishListView,
    WishView,
)
from saleroom.http.services import Services
from saleroom.storage.ports import Conflict, NotFound
from saleroom.storage.wish_ports import Gift, WishItem, WishList

TAG = "Wish lists"
LISTS_MOST = 50  # of one person
ITEMS_MOST = 200  # of one list
ID_BYTES = 9
LINK_BYTES = 24
OWN_PATH = {"list": ListId, "item": Item}
SHARED_PATH = {"link": Link, "item": Item, "gift": ListId}
UNKNOWN_LIST, UNKNOWN_ITEM = "UNKNOWN_WISHLIST", "UNKNOWN_ITEM"
ADDED = (UNKNOWN_LIST, "LIMIT_REACHED", "STALE_VERSION")


def wish_routes(services: Services, access: Access, views: Views) -> Blueprint:
    """Make the routes."""
    routes = Blueprint("wishes", __name__)
    wishes = _Wishes(services, access, views)
    store = services.stores.wish_lists

    @routes.post("/me/wishlists")
    @contract(
        "Make a wish list",
        tag=TAG,
        who=SIGNED_IN,
        body=NewWishList,
        answers={201: WishListView},
        refusals=("LIMIT_REACHED",),
    )
    async def make() -> Response:
        identity = await access.admit_signed_in()
        wanted = await read_body(NewWishList)
        row = WishList(
            secrets.token_hex(ID_BYTES),
            secrets.token_urlsafe(LINK_BYTES),
            identity.user,
            wanted.title,
            wanted.currency,
            services.clock.now_ms(),
        )
        if not await store.add(row, LISTS_MOST):
            raise Problem("LIMIT_REACHED", f"one has {LISTS_MOST} wish lists at most")
        location = f"/api/v1/me/wishlists/{row.id}"
        return respond(await wishes.own_json(row), 201, {"Location": location})

    @routes.get("/me/wishlists")
    @contract(
        "List one's wish lists",
        tag=TAG,
        who=SIGNED_IN,
        query=WishListQuery,
        answers={200: WishListPage},
    )
    async def index() -> Response:
        asked, limit = read_query(WishListQuery), read_page(services.limits).limit
        identity = await access.signed_in()
        rows = await store.lists(identity.user, asked.cursor, limit + 1)
        following = rows[limit - 1].id if len(rows) > limit else None
        shown = [attrs.asdict(_head(row)) for row in rows[:limit]]
        return respond({"wishlists": shown, "next": following})

    @routes.get("/me/wishlists/<list>")
    @contract(
        "Read one's wish list",
        tag=TAG,
        who=SIGNED_IN,
        path=OWN_PATH,
        answers={200: WishListView},
        refusals=(UNKNOWN_LIST,),
    )
    async def read(list: str) -> Response:
        return respond(await wishes.own_json(await wishes.own(list)))

    @routes.patch("/me/wishlists/<list>")
    @contract(
        "Change, close or reopen a wish list",
        tag=TAG,
        who=SIGNED_IN,
        path=OWN_PATH,
        body=WishListChanges,
        answers={200: WishListView},
        refusals=(UNKNOWN_LIST, "WISHLIST_OPEN"),
    )
    async def change(list: str) -> Response:
        await access.admit_signed_in()
        changes = await read_changes(WishListChanges)
        row = _changed(await wishes.own(list), changes)
        await store.put(row)
        return respond(await wishes.own_json(row))

    @routes.delete("/me/wishlists/<list>")
    @contract(
        "Remove a wish list",
        tag=TAG,
        who=SIGNED_IN,
        path=OWN_PATH,
        answers={204: None},
        refusals=(UNKNOWN_LIST, "PROMISED"),
    )
    async def remove(list: str) -> Response:
        await access.admit_signed_in()
        row = await wishes.own(list)
        try:
            await store.remove(row.id)
        except NotFound:
            raise Problem(UNKNOWN_LIST) from None
        except Conflict:
            raise Problem("PROMISED") from None
        return Response(b"", 204)

    @routes.post("/me/wishlists/<list>/items")
    @contract(
        "Add a wish in words",
        tag=TAG,
        who=SIGNED_IN,
        path=OWN_PATH,
        body=NewWish,
        answers={201: WishView},
        refusals=ADDED,
    )
    async def add_item(list: str) -> Response:
        await access.admit_signed_in()
        wanted = await read_body(NewWish)
        row = await wishes.own(list)
        return await wishes.add(row, WishItem(0, wanted.title, wanted.amount))

    @routes.post("/me/wishlists/<list>/lots")
    @contract(
        "Add a lot to a wish list",
        tag=TAG,
        who=SIGNED_IN,
        path=OWN_PATH,
        body=WishedLot,
        answers={201: WishView},
        refusals=(*ADDED, "UNKNOWN_EVENT", "UNKNOWN_LOT", "OTHER_CURRENCY"),
    )
    async def add_lot(list: str) -> Response:
        await access.admit_signed_in()
        wanted = await read_body(WishedLot)
        row = await wishes.own(list)
        return await wishes.add(row, await wishes.of_lot(row, wanted))

    @routes.delete("/me/wishlists/<list>/items/<item>")
    @contract(
        "Remove a wish",
        tag=TAG,
        who=SIGNED_IN,
        path=OWN_PATH,
        answers={204: None},
        refusals=(UNKNOWN_LIST, UNKNOWN_ITEM, "PROMISED"),
    )
    async def remove_item(list: str, item: str) -> Response:
        await access.admit_signed_in()
        row = await wishes.own(list)
        try:
            await store.remove_item(row.id, path_number(item, UNKNOWN_ITEM))
        except NotFound:
            raise Problem(UNKNOWN_ITEM) from None
        except Conflict:
            raise Problem("PROMISED") from None
        return Response(b"", 204)

    @routes.get("/wishlists/<link>")
    @contract(
        "Read a friend's wish list",
        tag=TAG,
        who=ANYONE,
        path=SHARED_PATH,
        answers={200: SharedWishList},
        refusals=(UNKNOWN_LIST,),
    )
    async def shared(link: str) -> Response:
        identity = await access.identify()
        row = await wishes.linked(link)
        user = None if identity is None else identity.user
        return respond(await wishes.shared_json(row, user))

    @routes.post("/wishlists/<link>/items/<item>/gifts")
    @contract(
        "Promise a gift, or a part of one",
        tag=TAG,
        who=SIGNED_IN,
        path=SHARED_PATH,
        body=NewGift,
        headers=(IDEMPOTENCY_KEY,),
        answers={201: GiftView},
        refusals=(
            UNKNOWN_LIST,
            UNKNOWN_ITEM,
            "OWN_WISHLIST",
            "WISHLIST_CLOSED",
            "NOT_ENOUGH_LEFT",
            "ID_REUSED",
        ),
    )
    async def give(link: str, item: str) -> Response:
        identity = await access.admit_signed_in()
        wanted = await read_body(NewGift)
        row = await wishes.linked(link)
        made = Gift(
            secrets.token_hex(ID_BYTES),
            row.id,
            path_number(item, UNKNOWN_ITEM),
            identity.user,
            idempotency_key() or secrets.token_hex(ID_BYTES),
            wanted.amount or 0,
            wanted.name or identity.name,
            wanted.message,
            services.clock.now_ms(),
        )
        given = await wishes.give(row, made, is_whole=wanted.amount is None)
        return respond(attrs.asdict(_gift(given)), 201)

    @routes.delete("/wishlists/<link>/gifts/<gift>")
    @contract(
        "Take back a promise",
        tag=TAG,
        who=SIGNED_IN,
        path=SHARED_PATH,
        answers={204: None},
        refusals=(UNKNOWN_LIST, "UNKNOWN_GIFT"),
    )
    async def take_back(link: str, gift: str) -> Response:
        identity = await access.admit_signed_in()
        row = await wishes.linked(link)
        try:
            await store.take_back(row.id, gift, identity.user)
        except NotFound:
            raise Problem("UNKNOWN_GIFT") from None
        return Response(b"", 204)

    return routes


@attrs.frozen(eq=False)
class _Wishes:
    services: Services
    access: Access
    views: Views

    async def own(self, id: str) -> WishList:
        """Give a list of whoever asks. Raises Problem; another's list does not exist for them."""
        identity = await self.access.signed_in()
        try:
            row = await self.services.stores.wish_lists.list_of(id)
        except NotFound:
            raise Problem(UNKNOWN_LIST) from None
        if row.owner != identity.user:
            raise Problem(UNKNOWN_LIST)
        return row

    async def linked(self, link: str) -> WishList:
        """Give the list that a link leads to. Raises Problem."""
        try:
            return await self.services.stores.wish_lists.by_token(link)
        except NotFound:
            raise Problem(UNKNOWN_LIST) from None

    async def add(self, row: WishList, item: WishItem) -> Response:
        """Add a wish to a list, and answer with it. Raises Problem."""
        try:
            added = await self.services.stores.wish_lists.add_item(row.id, item, ITEMS_MOST)
        except NotFound:
            raise Problem(UNKNOWN_LIST) from None
        except Conflict:
            raise Problem("STALE_VERSION", "another wish was added at this moment") from None
        if added is None:
            raise Problem("LIMIT_REACHED", f"a wish list has {ITEMS_MOST} wishes at most")
        return respond(attrs.asdict(_wish(added)), 201)

    async def of_lot(self, row: WishList, wanted: WishedLot) -> WishItem:
        """Give the wish for a lot that readers of its event see. Raises Problem."""
        if (await self.access.reader(wanted.event)).is_draft:
            raise Problem("UNKNOWN_EVENT")
        view = await self.views.lot(wanted.event, wanted.lot)
        if (await self.views.event(wanted.event))["currency"] != row.currency:
            raise Problem("OTHER_CURRENCY")
        price = view["buy_now"] or view["price"] or view["min_next"]
        title, amount = wanted.title or view["title"], wanted.amount or price
        return WishItem(0, title, amount, wanted.event, wanted.lot)

    async def give(self, row: WishList, gift: Gift, *, is_whole: bool) -> Gift:
        """Promise. Raises Problem."""
        store = self.services.stores.wish_lists
        try:
            given = await store.give(gift, is_whole=is_whole)
        except Conflict:
            raise Problem("ID_REUSED") from None
        if given is not None:
            return given
        if row.owner == gift.giver:
            raise Problem("OWN_WISHLIST")
        items = {item.item: item for item in await store.items(row.id)}
        if gift.item not in items:
            raise Problem(UNKNOWN_ITEM)
        if not (await self.linked(row.token)).is_open:
            raise Problem("WISHLIST_CLOSED")
        raise Problem("NOT_ENOUGH_LEFT", left=items[gift.item].left)

    async def own_json(self, row: WishList) -> dict[str, Any]:
        """Give a list as its owner sees it."""
        store = self.services.stores.wish_lists
        items = [_wish(item) for item in await store.items(row.id)]
        givers = None
        if row.is_revealed and not row.is_open:
            givers = [
                GiverView(gift.item, gift.amount, gift.name, gift.message, "promised")
                for gift in await store.gifts(row.id)
            ]
        head = attrs.asdict(_head(row))
        return attrs.asdict(WishListView(**head, items=items, givers=givers))

    async def shared_json(self, row: WishList, user: str | None) -> dict[str, Any]:
        """Give a list as a friend sees it."""
        store = self.services.stores.wish_lists
        items = [_wish(item) for item in await store.items(row.id)]
        gifts = [] if user is None else await store.gifts(row.id)
        mine = [_gift(gift) for gift in gifts if gift.giver == user]
        return attrs.asdict(SharedWishList(row.title, row.currency, row.is_open, items, mine))


def _changed(row: WishList, changes: dict[str, Any]) -> WishList:
    is_open = changes.get("open", row.is_open)
    is_revealed = changes.get("revealed", row.is_revealed and not is_open)
    if is_open and is_revealed:
        raise Problem("WISHLIST_OPEN")
    return attrs.evolve(
        row,
        title=changes.get("title", row.title),
        is_open=is_open,
        is_revealed=is_revealed,
        token=secrets.token_urlsafe(LINK_BYTES) if changes.get("new_link") else row.token,
    )


def _head(row: WishList) -> WishListHead:
    return WishListHead(row.id, row.token, row.title, row.currency, row.is_open, row.is_revealed)


def _wish(item: WishItem) -> WishView:
    return WishView(
        item.item, item.title, item.amount, item.event, item.lot, item.promised, item.left
    )


def _gift(gift: Gift) -> GiftView:
    return GiftView(gift.id, gift.item, gift.amount, "promised")
