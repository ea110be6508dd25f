"""The page at `/docs`: both documents as people read them.

Owns: the page's HTML. Invariant: it holds no script and asks nothing of any other host, so that it
reads under the strictest policy; every text of the documents is escaped. Must not know: routes or
types, only the documents. Source: OpenAPI 3.1.1, AsyncAPI 3.0.0, issue 6 point 6.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from html import escape
from typing import Any

import orjson

Document = Mapping[str, Any]

STYLE_PATH = "/docs/docs.css"
METHODS = ("get", "post", "put", "patch", "delete")
BOUNDS = {
    "minimum": "from {}",
    "maximum": "to {}",
    "minLength": "at least {} characters",
    "maxLength": "at most {} characters",
    "minItems": "at least {} items",
    "maxItems": "at most {} items",
    "pattern": "matches {}",
    "format": "{}",
    "default": "else {}",
}


def docs_page(openapi: Document, asyncapi: Document) -> str:
    """Draw the page."""
    http, wire = _Half("http", openapi), _Half("ws", asyncapi)
    tags = [tag["name"] for tag in openapi["tags"]]
    links = [(f"tag-{_slug(tag)}", tag) for tag in tags]
    links += [(f"channel-{name}", f"Socket: {name}") for name in asyncapi["channels"]]
    links += [("http-schemas", "HTTP schemas"), ("ws-schemas", "Socket schemas")]
    body = [
        "<header><h1>Saleroom: the interface</h1>",
        _paragraphs(openapi["info"]["description"]),
        '<p><a href="/openapi.json">OpenAPI</a> · <a href="/asyncapi.json">AsyncAPI</a></p>',
        "</header><nav><ul>",
        *(f'<li><a href="#{key}">{escape(name)}</a></li>' for key, name in links),
        "</ul></nav><main>",
        *(part for tag in tags for part in http.tag(tag)),
        *wire.channels(),
        *http.schemas(),
        *wire.schemas(),
        "</main>",
    ]
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<title>Saleroom: the interface</title><link rel="stylesheet" href="{STYLE_PATH}">'
        f"</head><body>{''.join(body)}</body></html>"
    )


class _Half:
    """One document's part of the page. key: what its schemas' anchors begin with."""

    def __init__(self, key: str, document: Document) -> None:
        self.key = key
        self.document = document

    def tag(self, tag: str) -> Iterator[str]:
        """Draw the operations of a tag."""
        yield f'<section id="tag-{_slug(tag)}"><h2>{escape(tag)}</h2>'
        for path, operations in self.document["paths"].items():
            for method in METHODS:
                if method in operations and tag in operations[method]["tags"]:
                    yield from self._operation(path, method, operations[method])
        yield "</section>"

    def channels(self) -> Iterator[str]:
        """Draw the websockets."""
        for name, channel in self.document["channels"].items():
            yield f'<section id="channel-{name}"><h2>Socket: {escape(channel["title"])}</h2>'
            yield f"<p><code>{escape(channel['address'])}</code></p>"
            if name == "event":
                yield _paragraphs(self.document["info"]["description"])
            for key in channel["messages"]:
                message = self.document["components"]["messages"][key]
                about = escape(message.get("summary", ""))
                yield f"<details><summary><code>{escape(message['title'])}</code> "
                yield f'<span class="quiet">{about}</span></summary><div>'
                yield self._schema(message["payload"])
                yield "</div></details>"
            yield "</section>"

    def schemas(self) -> Iterator[str]:
        """Draw the named schemas."""
        title = "HTTP schemas" if self.key == "http" else "Socket schemas"
        yield f'<section id="{self.key}-schemas"><h2>{title}</h2>'
        for name, schema in self.document["components"]["schemas"].items():
            yield f'<h3 id="{self.key}-{escape(name)}">{escape(name)}</h3>{self._schema(schema)}'
        yield "</section>"

    def _operation(self, path: str, method: str, operation: Document) -> Iterator[str]:
        yield f'<details id="{escape(operation["operationId"])}"><summary>'
        yield f'<span class="method">{method.upper()}</span> <code>{escape(path)}</code> '
        yield f'<span class="quiet">{escape(operation["summary"])}</span></summary><div>'
        yield _paragraphs(operation["description"])
        if parameters := operation.get("parameters"):
            yield self._table("Parameter", ((p["name"], self._parameter(p)) for p in parameters))
        if "requestBody" in operation:
            yield "<p>The body:</p>"
            for media, content in operation["requestBody"]["content"].items():
                yield f'<p class="quiet">{escape(media)}</p>{self._schema(content["schema"])}'
        answers = ((status, self._answer(each)) for status, each in operation["responses"].items())
        yield self._table("Answer", answers)
        yield "</div></details>"

    def _parameter(self, parameter: Document) -> str:
        need = "required" if parameter["required"] else "optional"
        about = escape(parameter.get("description", ""))
        return f"{parameter['in']}, {need}. {self._kind(parameter['schema'])} {about}"

    def _answer(self, answer: Document) -> str:
        if "$ref" in answer:
            name = answer["$ref"].rpartition("/")[2]
            answer = self.document["components"]["responses"][name]
        shown = [_marked(answer["description"])]
        for media, content in answer.get("content", {}).items():
            if media == "application/problem+json":
                continue
            shown.append(f"{escape(media)}: {self._kind(content['schema'])}")
        return "<br>".join(shown)

    def _schema(self, schema: Document) -> str:
        parts = [_paragraphs(schema["description"])] if "description" in schema else []
        if "properties" in schema:
            required = schema.get("required", ())
            rows = (
                (name if name in required else f"{name}?", self._kind(kind, is_told=True))
                for name, kind in schema["properties"].items()
            )
            parts.append(self._table("Field", rows))
        else:
            parts.append(f"<p>{self._kind(schema)}</p>")
        return "".join(parts)

    def _kind(self, schema: Document, *, is_told: bool = False) -> str:
        """Say in words what a schema takes."""
        if "$ref" in schema:
            name = schema["$ref"].rpartition("/")[2]
            return f'<a href="#{self.key}-{escape(name)}">{escape(name)}</a>'
        for keyword, word in (("anyOf", " or "), ("oneOf", " or "), ("allOf", " and ")):
            if keyword in schema:
                return word.join(self._kind(each) for each in schema[keyword])
        if "const" in schema:
            return f"<code>{_json(schema['const'])}</code>"
        if "enum" in schema:
            return " · ".join(f"<code>{_json(value)}</code>" for value in schema["enum"])
        kind = schema.get("type", "anything")
        words = [escape(kind if isinstance(kind, str) else " or ".join(kind))]
        if "items" in schema and isinstance(schema["items"], Mapping):
            words.append(f"of {self._kind(schema['items'])}")
        bounds = [text.format(escape(str(schema[k]))) for k, text in BOUNDS.items() if k in schema]
        if bounds:
            words.append(f'<span class="quiet">({", ".join(bounds)})</span>')
        if is_told and "examples" in schema:
            words.append(
                f'<span class="quiet">e.g. <code>{_json(schema["examples"][0])}</code></span>'
            )
        return " ".join(words)

    def _table(self, title: str, rows: Iterable[tuple[str, str]]) -> str:
        lines = (
            f"<tr><td><code>{escape(name)}</code></td><td>{said}</td></tr>" for name, said in rows
        )
        return f"<table><thead><tr><th>{title}</th><th></th></tr></thead>{''.join(lines)}</table>"


def _paragraphs(text: str) -> str:
    """Give plain text with `code` and lists as HTML."""
    made = []
    for block in text.split("\n\n"):
        lines = block.split("\n")
        items = [line[2:] for line in lines if line.startswith("- ")]
        words = " ".join(line for line in lines if not line.startswith("- "))
        made.append(f"<p>{_marked(words)}</p>" if words else "")
        if items:
            made.append(f"<ul>{''.join(f'<li>{_marked(item)}</li>' for item in items)}</ul>")
    return "".join(made)


def _marked(text: str) -> str:
    parts = escape(text).split("`")
    return "".join(
        f"<code>{part}</code>" if place % 2 else part for place, part in enumerate(parts)
    )


def _json(value: object) -> str:
    return escape(orjson.dumps(value).decode())


def _slug(text: str) -> str:
    return "".join(letter if letter.isalnum() else "-" for letter in text.lower())
