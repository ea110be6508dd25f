"""An operator's client: the supervision tree, kept up to date.

Owns: the picture of one server's tree. Invariant: it shows the tree of the last welcome with
every change since; after a lost connection it starts anew. Source: PROTOCOL section 8.
"""

from __future__ import annotations

from collections.abc import Callable

import attrs

from saleroom.client import Client, Message


@attrs.define(eq=False)
class OperatorClient(Client):
    """A client of the operator socket. show: gets the whole tree after each change."""

    show: Callable[[Message], None] = lambda tree: None
    tree: Message = attrs.field(init=False, factory=dict)

    def _hello(self) -> Message:
        return {"type": "hello", "token": self.token}

    def _greeted(self, welcome: Message) -> None:
        self.tree = welcome["tree"]
        self.show(self.tree)

    def _take(self, message: Message) -> bool:
        if message["type"] == "tree":
            for change in message["changes"]:
                change_tree(self.tree, change)
            self.show(self.tree)
            return True
        return super()._take(message)


def change_tree(tree: Message, change: Message) -> None:
    """Bring one change of PROTOCOL 8 into a tree."""
    path = change["path"]
    if path == tree["path"]:
        tree |= change
        return
    parent = _node(tree, path.rpartition("/")[0])
    if parent is None:
        return
    child = next((node for node in parent["children"] if node["path"] == path), None)
    if change.get("removed"):
        parent["children"] = [node for node in parent["children"] if node is not child]
    elif child is None:
        parent["children"].append({"children": [], **change})
    else:
        child |= change


def _node(tree: Message, path: str) -> Message | None:
    """Find a node by its path."""
    if tree["path"] == path:
        return tree
    for child in tree["children"]:
        if path == child["path"] or path.startswith(child["path"] + "/"):
            return _node(child, path)
    return None


def operator_url(server: str) -> str:
    """Give the operator socket of a server such as `http://127.0.0.1:8080`."""
    scheme, _, rest = server.partition("://")
    return f"{'wss' if scheme == 'https' else 'ws'}://{rest.rstrip('/')}/ws/v1/operator"
