"""What every store of objects does, and how a store out of reach is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from saleroom.storage.media_ports import Objects
from saleroom.storage.memory_media import MemoryObjects
from saleroom.storage.objects import open_objects
from saleroom.storage.ports import NotFound, StoreUnavailable


@pytest.fixture(params=["memory", "folder", "file"])
def objects(request: pytest.FixtureRequest, tmp_path: Path) -> Objects:
    if request.param == "memory":
        return MemoryObjects()
    url = None if request.param == "folder" else f"file://{tmp_path}/of%20mine"
    return open_objects(url, tmp_path / "pictures")


async def test_an_object_is_read_as_put(objects: Objects) -> None:
    await objects.put("a.jpg", b"\0bytes")
    await objects.put("b.jpg", b"others")
    await objects.put("a.jpg", b"\0bytes")
    assert await objects.get("a.jpg") == b"\0bytes"
    await objects.delete("a.jpg")
    await objects.delete("a.jpg")
    with pytest.raises(NotFound):
        await objects.get("a.jpg")
    assert await objects.get("b.jpg") == b"others"


async def test_objects_stay_in_their_folder(tmp_path: Path) -> None:
    await open_objects(None, tmp_path / "pictures").put("a.jpg", b"bytes")
    assert [path.name for path in (tmp_path / "pictures").iterdir()] == ["a.jpg"]
    await open_objects(f"file://{tmp_path}/of%20mine", tmp_path / "pictures").put("b.jpg", b"x")
    assert [path.name for path in (tmp_path / "of mine").iterdir()] == ["b.jpg"]


async def test_a_store_that_fails_is_unavailable(tmp_path: Path) -> None:
    objects = open_objects(None, tmp_path / "pictures")
    (tmp_path / "pictures" / "a.jpg").mkdir()
    with pytest.raises(StoreUnavailable):
        await objects.put("a.jpg", b"bytes")


@pytest.mark.parametrize("url", ["nonsense://bucket", "s3://", "az://container"])
def test_an_address_that_is_none_is_refused_unquoted(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AZURE_STORAGE_ACCOUNT_NAME", raising=False)
    with pytest.raises(ValueError, match="none of an object store") as refused:
        open_objects(url, tmp_path)
    assert url not in str(refused.value)


async def test_a_store_out_of_reach_is_unavailable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in (
        ("AWS_ENDPOINT", "http://127.0.0.1:1"),
        ("AWS_ALLOW_HTTP", "true"),
        ("AWS_ACCESS_KEY_ID", "someone"),
        ("AWS_SECRET_ACCESS_KEY", "very-secret"),
        ("AWS_REGION", "nowhere"),
    ):
        monkeypatch.setenv(name, value)
    with pytest.raises(StoreUnavailable) as away:
        await open_objects("s3://bucket/prefix", tmp_path).get("a.jpg")
    assert "secret" not in str(away.value)
