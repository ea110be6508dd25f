"""Holds every answer that a test gets against what its route has promised.

Owns: the check of an answer's status, media type and body against the OpenAPI document. Invariant:
what a route tells and does not declare is found, though a client may be told more than it knows.
Must not know: what is tested.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote

import orjson
from jsonschema import Draft202012Validator
from quart_trio import QuartTrio
from werkzeug.exceptions import HTTPException

from saleroom.http.api import DOCUMENTS
from saleroom.http.requests.contract import PATH_NAME

ANYWHERE = frozenset({405, 500, 501})
"""Statuses that any address may answer with."""

_documents: dict[frozenset[str], dict[str, Any]] = {}


def hold(app: QuartTrio, method: str, path: str, status: int, media: str, body: bytes) -> None:
    """Fail for an answer that its route has not promised."""
    template = _template(app, method, path)
    if template is None or status in ANYWHERE or method in ("HEAD", "OPTIONS"):
        return
    answers = _document(app)["paths"][template][method.lower()]["responses"]
    assert str(status) in answers, f"{method} {template} has not promised {status}: {body[:300]!r}"
    content = _answer(app, template, method, status).get("content")
    if content is None:
        assert not body, f"{method} {template} has promised no body with {status}"
        return
    kind = media.partition(";")[0]
    if "*/*" in content or f"{kind.partition('/')[0]}/*" in content:
        return
    assert kind in content, f"{method} {template} has promised {set(content)}, not {kind}"
    if kind.endswith("json"):
        validator = _validator(app, template, method, status, kind)
        fault = next(validator.iter_errors(orjson.loads(body)), None)
        assert fault is None, f"{method} {template} {status}: {fault.json_path}: {fault.message}"


def _template(app: QuartTrio, method: str, path: str) -> str | None:
    decoded = unquote(path.partition("?")[0])
    try:
        rule, _ = app.url_map.bind("x").match(decoded, method, return_rule=True)
    except HTTPException:
        return None
    return PATH_NAME.sub(r"{\1}", rule.rule)


def _document(app: QuartTrio) -> dict[str, Any]:
    rules = frozenset(rule.rule for rule in app.url_map.iter_rules())
    if rules not in _documents:
        _documents[rules] = orjson.loads(app.extensions[DOCUMENTS].drawn().openapi)
    return _documents[rules]


def _answer(app: QuartTrio, template: str, method: str, status: int) -> dict[str, Any]:
    document = _document(app)
    found: dict[str, Any]
    found = document["paths"][template][method.lower()]["responses"][str(status)]
    if "$ref" in found:
        found = document["components"]["responses"][found["$ref"].rpartition("/")[2]]
    return found


_validators: dict[tuple[str, str, int, str], Draft202012Validator] = {}


def _validator(
    app: QuartTrio, template: str, method: str, status: int, kind: str
) -> Draft202012Validator:
    key = (template, method, status, kind)
    if key not in _validators:
        document = _document(app)
        answer = _answer(app, template, method, status)
        schema = {**answer["content"][kind]["schema"], "components": document["components"]}
        _validators[key] = Draft202012Validator(schema)
    return _validators[key]
