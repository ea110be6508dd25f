"""The documents that are drawn from the routes: whole, lawful, current, and shown to people."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import attrs
import orjson
import pytest
import yaml
from jsonschema import Draft202012Validator
from jsonschema.validators import validator_for
from openapi_spec_validator import OpenAPIV31SpecValidator
from quart import Response
from quart_trio import QuartTrio
from trio.testing import MockClock

from saleroom.http.docs.docs_page import docs_page
from saleroom.http.docs.openapi import openapi
from saleroom.http.requests.contract import NOBODY_ASKED, Undeclared, contract, declared
from saleroom.protocol.asyncapi import asyncapi
from saleroom.protocol.messages import COMMANDS
from tests.http.house import open_house
from tools.api_docs import files, main

SPECS = Path(__file__).parent.parent / "node" / "node_modules" / "@asyncapi" / "specs" / "schemas"
IMPLIED = {"HEAD", "OPTIONS"}


@cache
def drawn() -> dict[str, str]:
    return files()


@cache
def http_document() -> dict[str, Any]:
    document: dict[str, Any] = orjson.loads(drawn()["openapi.json"])
    return document


def parts(document: Any) -> Iterator[dict[str, Any]]:
    """Give every object in a document."""
    if isinstance(document, dict):
        yield document
        for part in document.values():
            yield from parts(part)
    elif isinstance(document, list):
        for part in document:
            yield from parts(part)


def test_the_openapi_document_is_lawful() -> None:
    OpenAPIV31SpecValidator(http_document()).validate()


def asyncapi_schema() -> Any:
    path = SPECS / "3.0.0-without-$id.json"
    assert path.exists(), "the schema of AsyncAPI is missing; run: tools/install-node"
    return orjson.loads(path.read_bytes())


def test_the_asyncapi_document_is_lawful() -> None:
    schema = asyncapi_schema()
    validator = validator_for(schema)(schema)
    validator.validate(asyncapi())
    broken = asyncapi()
    broken["operations"]["hear_event"]["action"] = "listen"
    assert not validator.is_valid(broken)


@pytest.mark.parametrize("document", [http_document(), asyncapi()], ids=["openapi", "asyncapi"])
def test_every_example_holds(document: dict[str, Any]) -> None:
    held = 0
    for part in parts(document):
        kind = part.get("type", ())
        if not isinstance(part.get("examples"), list):
            continue
        schema = {**part, "components": document["components"]}
        for example in part["examples"]:
            Draft202012Validator(schema).validate(example)
            held += 1
        assert kind or "anyOf" in part or "prefixItems" in part, part
    assert held > 50


def test_every_problem_that_is_shown_holds() -> None:
    document = http_document()
    held = 0
    for part in parts(document):
        problem = part.get("application/problem+json", {})
        for code in problem.get("examples", {}):
            example = document["components"]["examples"][code]["value"]
            schema = {**problem["schema"], "components": document["components"]}
            Draft202012Validator(schema).validate(example)
            held += 1
    assert held > 100


def test_every_reference_leads_somewhere() -> None:
    for document in (http_document(), asyncapi()):
        for part in parts(document):
            found: Any = document
            for step in part.get("$ref", "#").split("/")[1:]:
                found = found[step.replace("~1", "/")]


async def test_every_route_stands_in_the_document(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        served = {
            (re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule), method.lower())
            for rule in house.app.url_map.iter_rules()
            for method in (rule.methods or set()) - IMPLIED
        }
    shown = {(path, method) for path, each in http_document()["paths"].items() for method in each}
    assert shown == served
    assert len(
        {
            each["operationId"]
            for path in http_document()["paths"].values()
            for each in path.values()
        }
    ) == len(shown)


def test_every_command_stands_in_both_documents() -> None:
    mapping = http_document()["components"]["schemas"]["Command"]["discriminator"]["mapping"]
    assert set(mapping) == set(COMMANDS)
    assert set(COMMANDS) <= set(asyncapi()["components"]["messages"])


def test_a_route_without_a_contract_is_an_error() -> None:
    app = QuartTrio("bare", static_folder=None)

    @app.get("/bare/<thing>")
    async def bare(thing: str) -> Response:
        return Response(b"")

    with pytest.raises(Undeclared, match="/bare/<thing> has no contract"):
        openapi(app.url_map, app.view_functions)
    promise = contract("Bare", tag="Bare", who=NOBODY_ASKED, answers={200: "text/plain"})
    with pytest.raises(Undeclared, match="'thing'"):
        declared("/bare/<thing>", promise(bare))


def test_a_body_without_bounds_is_an_error() -> None:
    loose = attrs.make_class("Loose", {"field": attrs.field(type=str)})
    with pytest.raises(TypeError, match="has bounds"):
        contract("Loose", tag="Loose", who=NOBODY_ASKED, answers={204: None}, body=loose)


def test_the_files_are_current(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--check"]) == 0
    assert main(["--check"], tmp_path) == 1
    assert "python -m tools.api_docs" in capsys.readouterr().err
    assert main([], tmp_path) == 0
    assert main(["--check"], tmp_path) == 0
    assert yaml.safe_load((tmp_path / "asyncapi.yaml").read_text()) == asyncapi()


async def test_both_are_served_with_a_page_that_asks_nobody_else(
    autojump_clock: MockClock,
) -> None:
    async with open_house() as house:
        http = await house.done("GET", "/openapi.json")
        assert http["openapi"].startswith("3.1")
        assert await house.done("GET", "/asyncapi.json") == asyncapi()
        page = await house.call("GET", "/docs")
        style = await house.call("GET", "/docs/docs.css")
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert "default-src 'self'" in page.headers["content-security-policy"]
    text = page.body.decode()
    assert re.findall(r"<script|\son\w+=|\sstyle=|<style", text) == []
    assert set(re.findall(r'(?:src|href)="([^"#][^"]*)"', text)) == {
        "/docs/docs.css",
        "/openapi.json",
        "/asyncapi.json",
    }
    for path in http["paths"]:
        assert f"<code>{path}</code>" in text
    assert style.headers["content-type"] == "text/css; charset=utf-8"
    assert b"url(" not in style.body


async def test_every_link_of_the_page_leads_to_a_place_on_it(autojump_clock: MockClock) -> None:
    text = docs_page(http_document(), asyncapi())
    places = re.findall(r'\sid="([^"]+)"', text)
    assert len(places) == len(set(places))
    assert set(re.findall(r'href="#([^"]+)"', text)) <= set(places)


def test_what_stands_in_a_document_is_text_on_the_page() -> None:
    document = http_document()
    told = {**document, "info": {**document["info"], "description": "<script>alert(1)</script>"}}
    text = docs_page(told, asyncapi())
    assert "<script" not in text
    assert "&lt;script&gt;" in text


async def test_methods_are_told(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        asked = await house.call("OPTIONS", "/api/v1/events")
        assert asked.status == 200
        allowed = {"GET", "HEAD", "OPTIONS", "POST"}
        assert set(asked.headers["allow"].split(", ")) == allowed
        wrong = await house.call("DELETE", "/api/v1/events", "admin")
        assert (wrong.status, wrong.code) == (405, "METHOD_NOT_ALLOWED")
        assert set(wrong.headers["allow"].split(", ")) == allowed
        read = await house.call("GET", "/api/v1/events")
        head = await house.call("HEAD", "/api/v1/events")
        assert head.status == read.status
        assert head.headers["content-type"] == read.headers["content-type"]
