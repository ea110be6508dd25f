"""What JSON Schema cannot say of our bodies, for schemathesis; `schemathesis.toml` names this file.

Owns: the rules that tie two values together, or a value to what is kept. Invariant: a body that its
schema refuses is still refused after these, so that each stays the test that it was. Two kinds:

- JSON Schema holds `5.0` for an integer, while an amount is never a float (RULES "Amounts").
- JSON Schema does not compare two values, while a reserve is at least the opening, a lot ends after
  it starts, a ladder rises, and only a sale lot has no end of units (RULES "Events and lots").
"""

from __future__ import annotations

from typing import Any

import schemathesis
from schemathesis.openapi.checks import RejectedPositiveData

WHOLE_MAX = 2**53
API = "/api/v1"
EVENT = f"{API}/events/{{event}}"
GUESSED = {"password": "a password may be easy to guess"}
NEW_GUESSED = {"new": GUESSED["password"]}
OF_EVENT = {"donor": "a donor is one of the event's"}
NUMBERED = {**OF_EVENT, "lot": "a number may be taken"}
NOT_OF_FORM: dict[tuple[str, str], dict[str, str]] = {
    ("POST", f"{API}/auth/register"): GUESSED,
    ("POST", f"{API}/auth/reset/confirm"): GUESSED,
    ("POST", f"{API}/auth/password"): NEW_GUESSED,
    ("PUT", f"{API}/me/preferences"): {"zone": "a time zone is one that there is"},
    ("POST", f"{API}/me/devices"): {"keys": "a browser's key is a point of its curve"},
    ("POST", f"{EVENT}/lots"): NUMBERED,
    ("PATCH", f"{EVENT}/lots/{{lot}}"): OF_EVENT,
    ("POST", f"{EVENT}/commands"): NUMBERED,
    ("POST", f"{EVENT}/duplicate"): {"starts_at": "lots keep their distance from the start"},
    ("POST", f"{EVENT}/lots/{{lot}}/images"): {"file": "the bytes are a picture, or are none"},
    ("POST", f"{EVENT}/imports"): {"file": "the bytes are a table, or are none"},
}
"""{operation: {field: why a value of the right shape may be refused}}"""
LOTS = (f"{EVENT}/lots", f"{EVENT}/lots/{{lot}}")
LOT_COMMANDS = ("add_lot", "change_lot")


@schemathesis.hook
def before_call(context: Any, case: Any, kwargs: Any) -> None:
    """Write a body so that its values fit each other; a request without one stays untouched."""
    if not isinstance(case.body, dict | list):
        return
    body = without_floats(case.body)
    if isinstance(body, dict):
        if is_ladder(body.get("ladder")):
            body["ladder"] = rising(body["ladder"])
        if case.operation.path in LOTS or body.get("type") in LOT_COMMANDS:
            is_change = case.method == "PATCH" or body.get("type") == "change_lot"
            fit_lot(body, is_change=is_change)
    case.body = body


@schemathesis.hook
def filter_failure(context: Any, failure: Any, case: Any, response: Any) -> bool:
    """Leave out what is right though no schema says so: of that operation, for that field."""
    if isinstance(failure, RejectedPositiveData):
        known = NOT_OF_FORM.get((case.method, case.operation.path), {})
        return response.json().get("field") not in known
    return True


def without_floats(value: Any) -> Any:
    """Write whole numbers as integers."""
    if isinstance(value, dict):
        return {name: without_floats(each) for name, each in value.items()}
    if isinstance(value, list):
        return [without_floats(each) for each in value]
    is_written_long = isinstance(value, float) and value.is_integer() and abs(value) <= WHOLE_MAX
    return int(value) if is_written_long else value


def is_ladder(value: Any) -> bool:
    """Say whether a value is a ladder but for its order."""
    return isinstance(value, list) and all(
        isinstance(rung, list) and len(rung) == 2 and all(map(is_whole, rung)) for rung in value
    )


def rising(ladder: list[list[int]]) -> list[list[int]]:
    """Put rungs in order, each start once, no step below the one before."""
    steps: dict[int, int] = {}
    step = 1
    for start, wanted in sorted(ladder):
        step = max(step, wanted)
        steps.setdefault(start, step)
    return [[start, steps[start]] for start in steps]


def fit_lot(body: dict[str, Any], *, is_change: bool) -> None:
    """Make a lot's prices, times and units fit; a change names all that belong together."""
    for together, least in (
        (("opening", "reserve", "buy_now"), 1),
        (("starts_at", "ends_at"), None),
    ):
        if is_change and any(name in body for name in together):
            body.setdefault(together[0], least)
            for name in together[1:]:
                body.setdefault(name, None)
    floor = body.get("opening")
    for name in ("reserve", "buy_now"):
        if is_whole(floor) and is_whole(body.get(name)):
            floor = body[name] = max(floor, body[name])
    starts_at: Any = body.get("starts_at")
    ends_at: Any = body.get("ends_at")
    if is_whole(starts_at) and is_whole(ends_at) and ends_at <= starts_at:
        body["starts_at"], body["ends_at"] = max(ends_at - 1, 0), max(ends_at, 1)
    is_endless = body.get("quantity") == 0 and body.get("mode") != "sale"
    if is_endless or (is_change and "mode" in body):
        body["quantity"] = 1


def is_whole(value: Any) -> bool:
    """Say whether a value is an integer, which true is not."""
    return type(value) is int
