"""How join codes are made and read."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest

from saleroom.http.desk.join_codes import ALPHABET, CodeMaker, digest, new_code_id, written
from saleroom.http.desk.qr import svg

MAKER = CodeMaker(bytes(range(32)))


def test_a_code_follows_from_its_id_and_the_key() -> None:
    code = MAKER.code("a")
    assert code == MAKER.code("a") == written(code)
    others = {MAKER.code("b"), CodeMaker(bytes(32)).code("a")}
    assert code not in others
    assert len(others) == 2


def test_codes_are_spread_over_all_characters() -> None:
    codes = {MAKER.code(new_code_id()) for _ in range(500)}
    assert len(codes) == 500
    assert set("".join(codes)) == {*ALPHABET, "-"}


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("7KQ2M-X9RTB", "7KQ2M-X9RTB"),
        ("7kq2mx9rtb", "7KQ2M-X9RTB"),
        (" 7KQ2M X9RTB ", "7KQ2M-X9RTB"),
        ("oil00-00000", "01100-00000"),
        ("7KQ2M-X9RT", None),
        ("7KQ2M-X9RTBB", None),
        ("7KQ2M-X9RTU", None),
        ("7KQ2M-X9RT\u00df", None),
        ("", None),
    ],
)
def test_a_code_is_read_as_people_type_it(typed: str, read: str | None) -> None:
    assert written(typed) == read


def test_a_digest_tells_codes_apart() -> None:
    assert len(digest("7KQ2M-X9RTB")) == 32
    assert digest("7KQ2M-X9RTB") != digest("7KQ2M-X9RTC")


def test_the_key_is_not_shown() -> None:
    assert "key" not in repr(MAKER)


def test_a_qr_code_is_a_picture_without_style_or_script() -> None:
    root = ET.fromstring(svg("https://gala.example/j/7KQ2M-X9RTB"))  # noqa: S314 - our own
    assert root.tag.endswith("svg")
    assert [child.tag.rpartition("}")[2] for child in root] == ["path"]
    assert {"style", "class"}.isdisjoint({name for child in root.iter() for name in child.attrib})
