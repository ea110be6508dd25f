"""Wording: receipts and statements put into words.

Owns: what stands on which paper, and where. Invariant: figures are those of the receipt; nothing is
reckoned here. Must not know: markup, fonts, stores. Source: issue 8 point 4.
"""

from __future__ import annotations

from saleroom.billing.invoice import LineKind
from saleroom.billing.payment import Method
from saleroom.receipts.language import Language, speak
from saleroom.receipts.paper import Column, Paper, Table
from saleroom.receipts.receipt import Receipt, ReceiptLine, Seller, Statement

NONE = "\u2013"
TIMES = "\u00d7"
METHODS = {
    Method.CARD: "method_card",
    Method.CHECKOUT: "method_card",
    Method.CASH: "method_cash",
    Method.CHEQUE: "method_cheque",
    Method.OTHER: "method_other",
}


def receipt_paper(receipt: Receipt) -> Paper:
    """Put a receipt into the words of its event."""
    sale, buyer = receipt.sale, receipt.buyer
    language = speak(sale.locale, sale.time_zone)
    say = language.say
    paddle = say("paddle", number=buyer.paddle)
    return Paper(
        language.tag,
        say("receipt"),
        _heading(sale.seller, language),
        (
            (say("number"), receipt.label),
            (say("date"), language.date(receipt.invoiced_at_ms)),
            (say("event"), sale.title),
            (say("buyer"), paddle if buyer.name is None else f"{buyer.name}, {paddle}"),
        ),
        (_lines(receipt, language), _payments(receipt, language)),
        (say("deductible_note"),),
        language.texts["page"],
    )


def receipt_letter(receipt: Receipt) -> tuple[str, str]:
    """Give the subject and the text of the letter that a receipt goes along with."""
    sale = receipt.sale
    language = speak(sale.locale, sale.time_zone)
    amount = language.money(receipt.paid, sale.currency)
    fields = {"label": receipt.label, "event": " ".join(sale.title.split()), "amount": amount}
    return language.say("letter_subject", **fields), language.say("letter_text", **fields)


def statement_paper(statement: Statement) -> Paper:
    """Put a person's year into the words of its language."""
    language = speak(statement.locale, statement.time_zone)
    say = language.say
    rows = []
    for event in statement.events:
        currency = event.sale.currency
        rows.append(
            (
                f"{event.sale.title}, {say('paddle', number=event.paddle)}",
                _seller_words(event.sale.seller, language),
                language.money(event.paid + event.fee_cover, currency),
                language.money(event.deductible, currency),
            )
        )
    columns = (
        Column(say("event"), 36),
        Column(say("paid_to"), 30),
        Column(say("paid"), 17, is_figure=True),
        Column(say("deductible"), 17, is_figure=True),
    )
    sums = []
    for currency, (paid, given) in sorted(statement.sums().items()):
        sums.append((say("paid_in", currency=currency), language.money(paid, currency)))
        sums.append((say("deductible_in", currency=currency), language.money(given, currency)))
    return Paper(
        language.tag,
        say("statement", year=statement.year),
        () if statement.name is None else (statement.name,),
        (),
        (Table(None, columns, tuple(rows), tuple(sums)),) if rows else (),
        (
            say("statement_note", year=statement.year) if rows else say("nothing"),
            *((say("deductible_note"),) if rows else ()),
        ),
        language.texts["page"],
    )


def _heading(seller: Seller, language: Language) -> tuple[str, ...]:
    lines = [seller.name, *(seller.address or "").splitlines()]
    if seller.tax_number is not None:
        lines.append(language.say("tax_number", number=seller.tax_number))
    if seller.contact is not None:
        lines.append(seller.contact)
    return tuple(line for line in lines if line.strip())


def _seller_words(seller: Seller, language: Language) -> str:
    if seller.tax_number is None:
        return seller.name
    return f"{seller.name}, {language.say('tax_number', number=seller.tax_number)}"


def _lines(receipt: Receipt, language: Language) -> Table:
    say, currency = language.say, receipt.sale.currency

    def money(amount: int) -> str:
        return language.money(amount, currency)

    def row(line: ReceiptLine) -> tuple[str, ...]:
        is_gift = line.kind is LineKind.PLEDGE
        title = f"{line.title} ({say('donation')})" if is_gift else line.title
        return (
            str(line.lot),
            title
            if line.units == 1
            else f"{line.units} {TIMES} {money(line.unit_amount)}: {title}",
            money(line.units * line.unit_amount),
            money(line.premium),
            money(line.tax),
            money(line.total),
            NONE if line.fmv is None else money(line.fmv),
            money(line.deductible),
        )

    columns = (
        Column(say("lot"), 6, is_figure=True),
        Column(say("item"), 22),
        Column(say("price"), 13, is_figure=True),
        Column(say("premium"), 11, is_figure=True),
        Column(say("tax"), 11, is_figure=True),
        Column(say("total"), 13, is_figure=True),
        Column(say("fair_market_value"), 13, is_figure=True),
        Column(say("deductible"), 12, is_figure=True),
    )
    total = sum(line.total for line in receipt.lines)
    sums = [(say("sum"), money(total))]
    forgiven = total - sum(line.paid for line in receipt.lines)
    if forgiven:
        sums.append((say("forgiven"), money(-forgiven)))
    if receipt.fee_cover:
        sums.append((say("fee_cover"), money(receipt.fee_cover)))
    sums.append((say("paid"), money(receipt.paid)))
    sums.append((say("deductible_sum"), money(receipt.deductible)))
    return Table(None, columns, tuple(map(row, receipt.lines)), tuple(sums))


def _payments(receipt: Receipt, language: Language) -> Table:
    say = language.say
    columns = (
        Column(say("date"), 40),
        Column(say("method"), 30),
        Column(say("amount"), 30, is_figure=True),
    )
    rows = tuple(
        (
            language.date(payment.at_ms),
            say(METHODS[payment.method]),
            language.money(payment.amount, receipt.sale.currency),
        )
        for payment in receipt.payments
    )
    return Table(say("payments"), columns, rows)
