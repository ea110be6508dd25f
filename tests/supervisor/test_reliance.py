"""A reliance: a store that is away is told as waiting once the child has worked, never before."""

from __future__ import annotations

import pytest

from saleroom.supervisor import Child, Reliance


class Away(Exception):
    """A store that does not answer."""


def relied() -> tuple[Reliance, Child, list[str | None]]:
    told: list[str | None] = []
    return Reliance((Away,), 1.0, 2.0), Child("messages/relay", told.append), told


def fail(store: Reliance, child: Child, error: Exception) -> None:
    with store.trying(child):
        raise error


def test_a_store_that_was_never_there_holds_up_no_door() -> None:
    store, child, told = relied()
    for _ in range(2):
        fail(store, child, Away("no route"))
    assert told == [None, None]
    assert (store.away, store.wait_s, store.failures) == ("no route", 2.0, 2)


def test_one_that_has_answered_is_waited_for_until_it_does_again() -> None:
    store, child, told = relied()
    with store.trying(child):
        pass
    fail(store, child, Away("no route"))
    assert (store.away, store.wait_s) == ("no route", 2.0)
    with store.trying(child):
        pass
    assert told == [None, "no route", None]
    assert (store.away, store.wait_s, store.failures) == (None, 1.0, 1)


def test_leaving_the_block_early_is_an_answer() -> None:
    store, child, told = relied()
    for _ in range(1):
        with store.trying(child):
            continue
    assert (store.is_known, told) == (True, [None])


def test_a_bug_is_none_of_its_business() -> None:
    store, child, told = relied()
    with pytest.raises(ZeroDivisionError):
        fail(store, child, ZeroDivisionError())
    assert (told, store.failures, store.is_known) == ([], 0, False)
