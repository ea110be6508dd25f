"""The page behind a checkout link: what is owed, and two buttons.

Owns: the markup of the page, which works without any script. Invariant: every text is escaped; the
form says the amount that the page shows and bears a key of its own, so that a second press pays
nothing twice. Must not know: how a payment is carried out. Source: decision 0021, WCAG 2.2, CSP 3.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from html import escape
from typing import Any, Final

import attrs

from saleroom.http.pages.web_files import SHARED_SHEET
from saleroom.receipts.language import Language

KEY_BYTES: Final = 16
WORDS: Final = {
    "AMOUNT_CHANGED": "The amount has changed since this page was shown. Please look again.",
    "PAYMENT_UNDER_WAY": "Another payment is under way. Please wait a minute and look again.",
    "NO_CARD": "No card is on file any more.",
    "OUTCOME_UNKNOWN": (
        "The bank has not answered yet. Press the same button again: nothing is charged twice."
    ),
    "ID_REUSED": "This page was used already. Please look again.",
}
FAILED: Final = "The payment was declined. Nothing was charged."
THANKS: Final = "Thank you: the payment has been received."
NOT_YET: Final = "The auction has not closed yet. Nothing is to be paid."
MISSING: Final = "There is no such link, or it has ended. Please ask at the desk for a new one."


@attrs.frozen
class Shown:
    """What the page tells. folio: as the API tells it. url: of the processor's page, to go on.

    key: of the form; a new one, unless the same payment is to be asked for again.
    """

    folio: dict[str, Any]
    notice: str | None = None
    url: str | None = None
    key: str = attrs.field(factory=lambda: secrets.token_hex(KEY_BYTES))


def plain_page(base: str, notice: str) -> str:
    """Draw a page that has nothing but a sentence. base: the address of the styles."""
    return _document(base, "Checkout", f"<p>{escape(notice)}</p>")


def pay_page(base: str, shown: Shown, language: Language) -> str:
    """Draw the page."""
    folio = shown.folio
    title = f"{folio['title']}: paddle {folio['paddle']}"
    return _document(base, title, "".join(_parts(shown, language)))


def _parts(shown: Shown, language: Language) -> Iterator[str]:
    folio, currency = shown.folio, shown.folio["currency"]

    def money(amount: int) -> str:
        return escape(language.money(amount, currency))

    if shown.notice is not None:
        yield f'<p role="status"><strong>{escape(shown.notice)}</strong></p>'
    if shown.url is not None:
        link = escape(shown.url)
        yield f'<p><a class="button primary" href="{link}">Go on to the payment page</a></p>'
    yield '<div class="table-wrap"><table class="table"><tbody>'
    for document in folio["documents"]:
        sign = -1 if document["kind"] == "credit_note" else 1
        yield f'<tr><th scope="rowgroup" colspan="2">{escape(document["label"])}</th></tr>'
        for line in document["lines"]:
            what = f"Lot {line['lot']}: {line['title']}"
            what += f" x {line['units']}" if line["units"] > 1 else ""
            yield _row(what, money(sign * line["amount"]))
        for name in ("premium", "tax"):
            if document[name]:
                yield _row(name.capitalize(), money(sign * document[name]))
    yield _row("Paid", money(folio["paid"]))
    yield f"{_row('To be paid', money(folio['due']), is_sum=True)}</tbody></table></div>"
    if folio["due"] and shown.url is None:
        yield from _form(shown, money)


def _form(shown: Shown, money: Any) -> Iterator[str]:
    folio, card = shown.folio, shown.folio["card"]
    cover = folio["due_with_fee"] - folio["due"]
    yield '<form method="post">'
    for name, value in (("amount", folio["due"]), ("key", shown.key)):
        yield f'<input type="hidden" name="{name}" value="{value}">'
    if cover:
        yield (
            '<p class="field"><label><input type="checkbox" name="cover_fee" value="yes"> '
            f"Add {money(cover)}, so that the whole amount arrives</label></p>"
        )
    if card is not None:
        name = escape(f"{card['brand']} ending in {card['last4']}")
        yield (
            '<p><button class="button primary" name="method" value="card">'
            f"Pay {money(folio['due'])} by {name}</button></p>"
        )
    yield (
        '<p><button class="button" name="method" value="checkout">'
        f"Pay {money(folio['due'])} by another card</button></p></form>"
    )


def _row(what: str, amount: str, *, is_sum: bool = False) -> str:
    cell = "th" if is_sum else "td"
    return f'<tr><{cell}>{escape(what)}</{cell}><{cell} class="number">{amount}</{cell}></tr>'


def _document(base: str, title: str, body: str) -> str:
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="robots" content="noindex"><meta name="referrer" content="no-referrer">'
        f'<link rel="stylesheet" href="{base}/{SHARED_SHEET}">'
        f"<title>{escape(title)}</title></head>"
        f'<body><main class="page"><h1>{escape(title)}</h1>{body}</main></body></html>'
    )
