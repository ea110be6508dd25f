"""Tables held against an event (RULES "Events and lots", rule 19)."""

from __future__ import annotations

import io
import json
import zipfile
from datetime import datetime
from typing import Any

import pytest
from openpyxl import Workbook

from saleroom.auction.definition import define_lot
from saleroom.intake import workbooks
from saleroom.intake.bounds import TABLE_BYTES_MAX
from saleroom.intake.preflight import ADD, SAME, TAKEN, Standing, check, fate, numbered
from saleroom.intake.templates import template_csv, template_rows
from saleroom.intake.workbooks import template_xlsx


def checked(
    data: bytes | str,
    kind: str = "lots",
    *,
    currency: str = "USD",
    zone: str | None = None,
    taken: dict[int, str] | None = None,
    emails: dict[str, int] | None = None,
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    asked = {
        "kind": kind,
        "currency": currency,
        "zone": zone,
        "taken": list((taken or {}).items()),
        "emails": list((emails or {}).items()),
    }
    report, lines = check(data.encode() if isinstance(data, str) else data, asked)
    return report, [json.loads(line) for line in lines.splitlines()]


def workbook(*rows: list[Any]) -> bytes:
    book = Workbook()
    for row in rows:
        book.worksheets[0].append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def codes(report: dict[str, Any]) -> list[tuple[int, str, str]]:
    return [(one["row"], one["column"], one["code"]) for one in report["problems"]]


def test_people_name_columns_as_they_like() -> None:
    table = "Lot #,ITEM NAME,Auction Type,Start price,Colour\n7,A quilt,Silent Auction,$500,red\n"
    report, rows = checked(table)
    assert report["problems"] == []
    assert (report["format"], report["rows"], report["additions"]) == ("csv", 1, 1)
    fields = [column["field"] for column in report["columns"]]
    assert fields == ["lot", "title", "mode", "opening", None]
    assert report["columns"][4] == {"column": "Colour", "field": None}
    assert rows[0]["lot"] == 7
    assert rows[0]["fields"]["opening"] == 50_000
    assert define_lot({**rows[0]["fields"], "lot": 7}).mode == "silent"


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_separators_and_encodings_are_found_out(separator: str, encoding: str) -> None:
    cells = [["Title", "Mode", "Opening bid"], ["Café, für zwei; ½", "live", '"1.234,50"']]
    text = "\r\n".join(separator.join(row) for row in cells)
    text = text.replace("Café, für zwei; ½", '"Café, für zwei; ½"')
    report, rows = checked(text.encode(encoding), currency="EUR")
    assert codes(report) == []
    assert rows[0]["fields"]["title"] == "Café, für zwei; ½"
    assert rows[0]["fields"]["opening"] == 123_450


def test_a_workbook_is_read_as_it_shows() -> None:
    data = workbook(
        [None],
        ["Lot", "Title", "Mode", "Opening bid", "Reserve", "Ends at"],
        [1.0, 42, "live", 500, 1234.5, datetime(2026, 5, 1, 20)],
        [],
        [2, "=1+1", "live", "$5", None, None],
    )
    report, rows = checked(data, zone="America/New_York")
    assert report["format"] == "xlsx"
    assert codes(report) == [(5, "Title", "UNCALCULATED")]
    (row,) = rows
    assert (row["row"], row["lot"], row["fields"]["title"]) == (3, 1, "42")
    assert (row["fields"]["opening"], row["fields"]["reserve"]) == (50_000, 123_450)
    assert row["fields"]["ends_at"] == 1_777_680_000_000


def test_a_formula_counts_as_the_result_that_was_saved() -> None:
    parts: dict[str, bytes] = {}
    with zipfile.ZipFile(
        io.BytesIO(workbook(["Title", "Mode", "Opening bid"], ["x", "live", "=2*3"]))
    ) as book:
        parts = {name: book.read(name) for name in book.namelist()}
    sheet = parts["xl/worksheets/sheet1.xml"]
    parts["xl/worksheets/sheet1.xml"] = sheet.replace(b"<v></v>", b"<v>6</v>").replace(
        b"<v />", b"<v>6</v>"
    )
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as book:
        for name, body in parts.items():
            book.writestr(name, body)
    report, rows = checked(out.getvalue())
    assert codes(report) == []
    assert rows[0]["fields"]["opening"] == 600


def test_json_speaks_as_the_api_does() -> None:
    lots = [
        {
            "lot": 3,
            "title": "A",
            "mode": "silent",
            "opening": 500,
            "soft_close": {"window": 60_000, "extension": 60_000},
        },
        {"lot": 4, "title": "B", "mode": "pledge", "opening": "5.00", "levels": [100, 200]},
        {"lot": 5, "title": "C", "mode": "live", "opening": 5.5},
    ]
    report, rows = checked(json.dumps({"lots": lots, "next": None}))
    assert codes(report) == [(3, "opening", "NOT_AN_AMOUNT")]
    assert [row["fields"]["opening"] for row in rows] == [500, 500]
    assert rows[0]["fields"]["soft_close"]["window"] == 60_000
    assert rows[1]["fields"]["levels"] == [100, 200]


def test_each_problem_has_its_place() -> None:
    table = (
        "Lot,Title,Mode,Opening bid,Reserve,Ends at\n"
        "1,,live,5,,\n"
        "x,A,live,5,,\n"
        "3,B,dutch,5,,\n"
        "4,C,live,1.234,,\n"
        "5,D,live,50,40,\n"
        "6,E,silent,50,,2026-05-01 20:00\n"
        "7,F,silent,50,,tomorrow\n"
        "8,G,live,€50,,\n"
        f"9,{'x' * 501},live,50,,\n"
        "10,H,live,0,,\n"
        "11,I,live,50,,\n"
    )
    report, rows = checked(table)
    assert codes(report) == [
        (2, "Title", "REQUIRED"),
        (3, "Lot", "NOT_A_NUMBER"),
        (4, "Mode", "UNKNOWN_MODE"),
        (5, "Opening bid", "AMBIGUOUS"),
        (6, "Reserve", "INVALID"),
        (7, "Ends at", "NO_TIME_ZONE"),
        (8, "Ends at", "NOT_A_TIME"),
        (9, "Opening bid", "OTHER_CURRENCY"),
        (10, "Title", "TOO_LONG"),
        (11, "Opening bid", "INVALID"),
    ]
    assert all(problem["text"] for problem in report["problems"])
    assert [row["row"] for row in rows] == [12]


def test_numbers_are_taken_once() -> None:
    table = (
        "Lot,Title,Mode,Opening bid\n1,A,live,5\n2,B,live,5\n3,C,live,5\n3,D,live,5\n3,C,live,5\n"
    )
    report, rows = checked(table, taken={1: "A", 2: "Another"})
    assert codes(report) == [(3, "Lot", "TAKEN"), (5, "Lot", "REPEATED")]
    assert report["duplicates"] == [{"row": 2, "of": {"lot": 1}}, {"row": 6, "of": {"row": 4}}]
    assert [row["lot"] for row in rows] == [3]


def test_lots_without_a_number_follow_the_last_one() -> None:
    table = "Title,Mode,Opening bid,Lot\nA,live,5,\nB,live,5,12\nC,live,5,\nOld,live,5,\n"
    report, rows = checked(table, taken={9: "Old"})
    assert [row["lot"] for row in report["preview"]] == [13, 12, 14]
    assert report["duplicates"] == [{"row": 5, "of": {"lot": 9}}]
    assert [row["lot"] for row in numbered("lots", rows, {9})] == [13, 12, 14]


def test_registrations_fill_the_lowest_gaps() -> None:
    table = (
        "Name,Email,Mobile,Table #,Paddle\n"
        "Ann,ann@gala.example,+1 555 0100,7,\n"
        "Bob,BOB@gala.example,,,\n"
        "Cy,cy@gala.example,,,100\n"
        "Di,not an address,,,\n"
        "Ed,ANN@gala.example,,,\n"
        "Flo,,,,102\n"
        "Gus,,,,\n"
    )
    report, rows = checked(
        table,
        "registrations",
        taken={102: "Old", 105: "Bob", 106: "Gus"},
        emails={"bob@gala.example": 105},
    )
    assert codes(report) == [
        (5, "Email", "NOT_AN_EMAIL"),
        (6, "Email", "REPEATED"),
        (7, "Paddle", "TAKEN"),
    ]
    assert report["duplicates"] == [
        {"row": 3, "of": {"paddle": 105}},
        {"row": 8, "of": {"paddle": 106}},
    ]
    assert [(row["paddle"], row["name"]) for row in report["preview"]] == [
        (101, "Ann"),
        (100, "Cy"),
    ]
    assert rows[0]["phone"] == "+1 555 0100"
    assert rows[0]["table"] == "7"


@pytest.mark.parametrize(
    ("number", "label", "email", "expected"),
    [
        (None, "Ann", "ann@gala.example", (SAME, 100)),
        (100, "Ann", "ann@gala.example", (SAME, 100)),
        (101, "Ann", "ann@gala.example", (TAKEN, 100)),
        (None, "Ann", None, (SAME, 100)),
        (None, "Ann", "another@gala.example", (ADD, None)),
        (100, "Bob", None, (TAKEN, 100)),
        (101, "Ann", None, (ADD, None)),
    ],
)
def test_the_fate_of_a_registration(
    number: int | None, label: str, email: str | None, expected: tuple[str, int | None]
) -> None:
    standing = Standing({100: "Ann"}, {"ann@gala.example": 100})
    row = {"paddle": number, "name": label, "email": email}
    assert fate("registrations", row, standing) == expected


def test_what_an_export_guards_is_read_as_it_was() -> None:
    table = "Title,Mode,opening_minor\n'=SUM(A1),live,50000\n'tis the season,live,60000\n"
    _, rows = checked(table)
    assert [row["fields"]["title"] for row in rows] == ["=SUM(A1)", "'tis the season"]
    assert [row["fields"]["opening"] for row in rows] == [50_000, 60_000]


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "no rows"),
        (b"Title,Mode,Opening bid\n", "no rows"),
        (b"\x00\x01\x02", "neither"),
        (b"Colour,Size\nred,7\n", "no column is known"),
        (b"Title,Mode\nA,live\n", "Opening bid is missing"),
        (b"Title,Name,Mode,Opening bid\nA,B,live,5\n", "Title and Name mean the same"),
        (b"Title,Mode,Opening bid\nA,live,5,6\n", "more cells"),
        (b'Title,Mode,Opening bid\n"A,live,5\n', "not CSV"),
        (b"[1, 2]", "list of objects"),
        (b"[]", "1 to 2000"),
        (b"{", "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (b"PK\x03\x04 no zip at all", "XLSX"),
        (b"Title,Mode,Opening bid\n" + b"A,live,5\n" * 2_001, "2000 rows"),
        (b"Title,Mode,Opening bid\n" + b"A" * 10_001 + b",live,5\n", "10000 characters"),
        (b",".join(b"c%d" % n for n in range(101)) + b"\n1\n", "100 columns"),
    ],
)
def test_what_is_no_table_is_refused(data: bytes, why: str) -> None:
    report, rows = checked(data)
    assert why in report["refused"]
    assert rows == []


def test_a_zip_bomb_is_refused_packed(monkeypatch: pytest.MonkeyPatch) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", b"\0" * (workbooks.UNPACKED_BYTES_MAX + 1))
    assert len(out.getvalue()) < 100_000

    def load(*args: object, **kwargs: object) -> None:
        raise AssertionError("it was unpacked")

    monkeypatch.setattr(workbooks, "load_workbook", load)
    assert "too large" in checked(out.getvalue())[0]["refused"]


def test_a_workbook_that_expands_entities_is_refused() -> None:
    with zipfile.ZipFile(io.BytesIO(workbook(["Title"], ["x"]))) as book:
        parts = {name: book.read(name) for name in book.namelist()}
    bomb = b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;">]>'
    name = "xl/worksheets/sheet1.xml"
    parts[name] = bomb + parts[name].replace(b"<sheetData>", b"<sheetData>&b;")
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as book:
        for part, body in parts.items():
            book.writestr(part, body)
    assert "not a whole XLSX" in checked(out.getvalue())[0]["refused"]


def test_too_many_bytes_are_refused() -> None:
    assert "5 MiB" in checked(b"x" * (TABLE_BYTES_MAX + 1))[0]["refused"]


@pytest.mark.parametrize("kind", ["lots", "registrations"])
@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_a_template_can_be_imported(kind: str, form: str) -> None:
    data = template_csv(kind).encode() if form == "csv" else template_xlsx(kind)
    report, rows = checked(data, kind)
    assert report["problems"] == []
    assert len(rows) == 1
    assert [column["column"] for column in report["columns"]] == list(template_rows(kind)[0])
    assert all(column["field"] for column in report["columns"])
