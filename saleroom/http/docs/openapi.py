"""The OpenAPI document of the declared routes.

Owns: how contracts become OpenAPI 3.1. Invariant: every route of the app stands in it with all that
it takes, gives and refuses; a route without a contract is an error. Must not know: how a route does
what it promises. Source: OpenAPI 3.1.1, RFC 9457, PROTOCOL 7.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from http import HTTPStatus
from typing import Any

import attrs
from werkzeug.routing import Map, Rule

from saleroom.auction.roles import Role
from saleroom.http.accounts.cookies import ACCESS, CSRF, CSRF_HEADER
from saleroom.http.requests.contract import (
    ANYONE,
    NOBODY_ASKED,
    PATH_NAME,
    READS,
    Answer,
    Caller,
    Contract,
    Payload,
    declared,
)
from saleroom.http.requests.problems import CONTENT_TYPE, Problem
from saleroom.protocol.schema import JsonSchema, SchemaBook
from saleroom.protocol.shapes import wire_field

Route = tuple[Rule, str, Contract, dict[str, Any]]
"""A rule, one of its methods, what it promises, and its path's parameters."""

JSON = "application/json"
VERSION = "1"
"""Of the wire, as `/api/v1` has it."""
IMPLIED = frozenset({"HEAD", "OPTIONS"})
"""Methods that the framework answers wherever GET, or any other, is declared."""

ABOUT = """\
A real-time auction server. Amounts are integers in the minor unit of the event's currency, times \
are milliseconds since 1970. Errors are RFC 9457 problems with a `code`; `temporary` says whether \
the same request may be sent again. What runs over websockets stands in `/asyncapi.json`."""

SECURITY: dict[str, dict[str, str]] = {
    "bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
    "cookie": {
        "type": "apiKey",
        "in": "cookie",
        "name": ACCESS,
        "description": "Of a page that signed in; its name begins with `__Host-` under https.",
    },
    "csrf": {
        "type": "apiKey",
        "in": "header",
        "name": CSRF_HEADER,
        "description": f"What the cookie `{CSRF}` holds, with each change asked by cookie.",
    },
}
SHARED_MOST = 2
"""Refusals of so many codes stand once, under their names."""
Needed = dict[str, list[str]]
BY_TOKEN: Needed = {"bearer": []}
READS_BY_COOKIE: Needed = {"cookie": []}
WRITES_BY_COOKIE: Needed = {"cookie": [], "csrf": []}


@attrs.frozen
class ProblemView:
    """What went wrong (RFC 9457); a code may bring members of its own, such as `field`."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    temporary: bool


def openapi(rules: Map, handlers: Mapping[str, Callable[..., Any]]) -> dict[str, Any]:
    """Draw the document of an app's routes. Raises Undeclared."""
    book = SchemaBook()
    drawn: list[Route] = [
        (rule, method, *declared(rule.rule, handlers[rule.endpoint]))
        for rule in rules.iter_rules()
        for method in sorted((rule.methods or set()) - IMPLIED)
    ]
    drawn.sort(key=lambda each: (each[2].tag, each[0].rule, each[1]))
    bodies = {id(made): _body(book, made) for _, _, made, _ in drawn if made.body is not None}
    paths: dict[str, Any] = {}
    for rule, method, made, path in drawn:
        operation = _operation(book, rule, method, made, path)
        if made.body is not None:
            operation["requestBody"] = bodies[id(made)]
        paths.setdefault(PATH_NAME.sub(r"{\1}", rule.rule), {})[method.lower()] = operation
    return {
        "openapi": "3.1.1",
        "info": {"title": "Saleroom", "version": VERSION, "description": ABOUT},
        "servers": [{"url": "/"}],
        "tags": [{"name": tag} for tag in dict.fromkeys(made.tag for _, _, made, _ in drawn)],
        "paths": paths,
        "components": {
            "examples": {code: {"value": _example(code)} for code in _all_codes(drawn)},
            "responses": _shared(book, drawn),
            "securitySchemes": SECURITY,
            "schemas": dict(sorted(book.named.items())),
        },
    }


def _shared(book: SchemaBook, drawn: Iterable[Route]) -> dict[str, Any]:
    """Draw the refusals of few codes, which many routes have in common."""
    refusals = {
        ".".join(codes): _refusal(book, status, codes)
        for _, method, made, path in drawn
        for status, codes in _by_status(made.codes(method, path))
        if len(codes) <= SHARED_MOST
    }
    return dict(sorted(refusals.items()))


def _all_codes(drawn: Iterable[Route]) -> list[str]:
    return sorted({code for _, method, made, path in drawn for code in made.codes(method, path)})


def _operation(
    book: SchemaBook, rule: Rule, method: str, made: Contract, path: Mapping[str, Any]
) -> dict[str, Any]:
    parameters = [*_path(book, path), *_query(book, made), *_headers(book, made)]
    answers = {str(status): _answer(book, status, kind) for status, kind in made.answers.items()}
    for status, codes in _by_status(made.codes(method, path)):
        if str(status) in answers:
            answers[str(status)]["content"] |= _refusal(book, status, codes)["content"]
        elif len(codes) <= SHARED_MOST:
            answers[str(status)] = {"$ref": f"#/components/responses/{'.'.join(codes)}"}
        else:
            answers[str(status)] = _refusal(book, status, codes)
    operation: dict[str, Any] = {
        "tags": [made.tag],
        "summary": made.summary,
        "description": f"{_who(made)} {made.description or ''}".rstrip(),
        "operationId": rule.endpoint.replace(".", "_"),
        "security": _security(method, made),
        "responses": dict(sorted(answers.items())),
    }
    return operation | ({"parameters": parameters} if parameters else {})


def _who(made: Contract) -> str:
    if isinstance(made.who, Caller):
        return made.who.value
    if made.who is Role.OPERATOR:
        return "Who may: an operator."
    return f"Who may: {made.who.value}, or a higher role."


def _security(method: str, made: Contract) -> list[Needed]:
    if made.who is NOBODY_ASKED:
        return []
    known = [BY_TOKEN, READS_BY_COOKIE if method in READS else WRITES_BY_COOKIE]
    return [{}, *known] if made.who is ANYONE else known


def _path(book: SchemaBook, path: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for name, kind in path.items():
        yield {"name": name, "in": "path", "required": True, "schema": book.closed(kind)}


def _query(book: SchemaBook, made: Contract) -> Iterator[dict[str, Any]]:
    if made.query is None:
        return
    book.closed(made.query)
    shape = book.named.pop(made.query.__name__)
    required = shape.get("required", ())
    for field in attrs.fields(made.query):
        name = wire_field(field)
        schema = _without_null(shape["properties"][name])
        yield {"name": name, "in": "query", "required": name in required, "schema": schema}


def _headers(book: SchemaBook, made: Contract) -> Iterator[dict[str, Any]]:
    for header in made.headers:
        yield {
            "name": header.name,
            "in": "header",
            "required": header.is_required,
            "description": header.about,
            "schema": book.closed(header.shape),
        }


def _body(book: SchemaBook, made: Contract) -> dict[str, Any]:
    if isinstance(made.body, Payload):
        return {"required": True, "content": _payload(book, made.body)}
    is_drawn = callable(made.body) and not isinstance(made.body, type)
    schema = made.body(book) if is_drawn else book.closed(made.body)
    return {"required": made.is_body_required, "content": {JSON: {"schema": schema}}}


def _payload(book: SchemaBook, payload: Payload) -> dict[str, Any]:
    if payload.field is None:
        return {media: {"schema": {}} for media in payload.media}
    part = {"type": "string", "contentMediaType": "application/octet-stream"}
    beside = {} if payload.fields is None else _beside(book, payload.fields)
    schema = {
        "type": "object",
        "properties": {payload.field: part, **beside.get("properties", {})},
        "required": [payload.field, *beside.get("required", ())],
        "additionalProperties": False,
    }
    encoding = {payload.field: {"contentType": ", ".join(payload.media)}}
    return {"multipart/form-data": {"schema": schema, "encoding": encoding}}


def _beside(book: SchemaBook, fields: type[attrs.AttrsInstance]) -> dict[str, Any]:
    """Draw the texts that come with a file, which are absent rather than null."""
    book.closed(fields)
    shape = book.named.pop(fields.__name__)
    drawn = {name: _without_null(schema) for name, schema in shape["properties"].items()}
    return {**shape, "properties": drawn}


def _answer(book: SchemaBook, status: int, kind: Answer) -> dict[str, Any]:
    made: dict[str, Any] = {"description": HTTPStatus(status).phrase}
    if isinstance(kind, str):
        made["content"] = {kind: {"schema": {"type": "string"}}}
    elif kind is not None:
        made["content"] = {JSON: {"schema": book.open(kind)}}
    if status == HTTPStatus.CREATED:
        made["headers"] = {"Location": {"schema": {"type": "string"}}}
    return made


def _refusal(book: SchemaBook, status: int, codes: list[str]) -> dict[str, Any]:
    words = "; ".join(f"`{code}`: {Problem(code).detail}" for code in codes)
    narrowed = {"properties": {"status": {"const": status}, "code": {"enum": codes}}}
    schema = {"allOf": [book.open(ProblemView), narrowed]}
    examples = {code: {"$ref": f"#/components/examples/{code}"} for code in codes}
    made: dict[str, Any] = {
        "description": f"{HTTPStatus(status).phrase}. {words}",
        "content": {CONTENT_TYPE: {"schema": schema, "examples": examples}},
    }
    if status == HTTPStatus.UNAUTHORIZED:
        made["headers"] = {"WWW-Authenticate": {"schema": {"type": "string"}}}
    if status in (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE):
        made["headers"] = {"Retry-After": {"schema": {"type": "integer", "minimum": 0}}}
    return made


def _example(code: str) -> dict[str, Any]:
    problem = Problem(code)
    return {
        "type": "about:blank",
        "title": HTTPStatus(problem.status).phrase,
        "status": problem.status,
        "detail": problem.detail,
        "code": code,
        "temporary": problem.is_temporary,
    }


def _by_status(codes: list[str]) -> Iterator[tuple[int, list[str]]]:
    statuses = dict.fromkeys(Problem(code).status for code in codes)
    for status in statuses:
        yield status, [code for code in codes if Problem(code).status == status]


def _without_null(schema: JsonSchema) -> JsonSchema:
    """Give the schema of a parameter, which is absent rather than null."""
    if isinstance(kind := schema.get("type"), list):
        schema = {**schema, "type": next(each for each in kind if each != "null")}
    if "enum" in schema:
        schema = {**schema, "enum": [value for value in schema["enum"] if value is not None]}
    return schema
