"""The rule book's drawn tables are those of the code.

Source: STYLE "Shape".
"""

from __future__ import annotations

from pathlib import Path

from saleroom.auction.refusal import Code
from saleroom.auction.roles import LEAST_ROLE
from saleroom.protocol.messages import wire_name
from tools.rules_docs import PAGE, diagram, main, page


def test_the_page_is_current() -> None:
    assert PAGE.read_text(encoding="utf-8") == page()
    assert main(["--check"]) == 0


def test_the_page_names_every_code_in_order_and_every_command() -> None:
    text = page()
    places = [text.index(f"| `{code.name}` |") for code in Code]
    assert places == sorted(places)
    assert all(f"`{wire_name(command)}`" in text for command in LEAST_ROLE)


def test_a_machine_is_drawn_with_its_beginning_and_its_ends() -> None:
    drawn = diagram({"open": {"sell": "sold", "bid": "open"}, "sold": {"reopen": "open"}}, "open")
    assert drawn.splitlines()[2:-1] == [
        "    [*] --> open",
        "    open --> sold: sell",
        "    open --> open: bid",
        "    sold --> open: reopen",
        "    sold --> [*]",
    ]


def test_a_stale_page_fails_the_check_until_it_is_written(tmp_path: Path) -> None:
    path = tmp_path / "rules" / "tables.md"
    assert main(["--check"], path) == 1
    assert main([], path) == 0
    assert main(["--check"], path) == 0
    path.write_text("stale", encoding="utf-8")
    assert main(["--check"], path) == 1
