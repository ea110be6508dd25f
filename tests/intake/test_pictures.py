"""Pictures written anew (PROTOCOL 7)."""

from __future__ import annotations

import hashlib
import io
import struct
import zlib

import pytest
from PIL import Image, ImageDraw

from saleroom.intake import pictures
from saleroom.intake.pictures import PictureRefused, Written, rewrite

SECRET = b"taken at 52.5200 N 13.4050 E"


def encoded(image: Image.Image, form: str, **options: object) -> bytes:
    out = io.BytesIO()
    image.save(out, form, **options)
    return out.getvalue()


def photograph(size: tuple[int, int] = (2_600, 1_300)) -> Image.Image:
    """Give a picture whose left half is red and whose right half is blue."""
    image = Image.new("RGB", size, "red")
    ImageDraw.Draw(image).rectangle((size[0] // 2, 0, size[0], size[1]), fill="blue")
    return image


def shown(written: Written) -> Image.Image:
    image = Image.open(io.BytesIO(written.data))
    image.load()
    return image


@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP"])
def test_a_picture_is_written_at_its_largest_and_in_three_widths(form: str) -> None:
    picture = rewrite(encoded(photograph(), form))
    assert (picture.full.width, picture.full.height) == (2_048, 1_024)
    assert [(t.width, t.height) for t in picture.thumbnails] == [
        (320, 160),
        (640, 320),
        (1280, 640),
    ]
    for written in (picture.full, *picture.thumbnails):
        image = shown(written)
        assert (image.format, image.size) == ("JPEG", (written.width, written.height))
        digest, _, ending = written.key.partition(".")
        assert digest == hashlib.blake2b(written.data, digest_size=32).hexdigest()
        assert ending == "jpg"
        left = image.getpixel((written.width // 4, written.height // 2))
        assert isinstance(left, tuple)
        assert left[0] > 200 > 60 > left[2]


def test_a_small_picture_is_never_enlarged() -> None:
    picture = rewrite(encoded(photograph((400, 200)), "PNG"))
    widths = [written.width for written in (picture.full, *picture.thumbnails)]
    assert widths == [400, 320, 400, 400]
    assert picture.thumbnails[2].key == picture.full.key


def test_equal_pictures_have_equal_keys() -> None:
    first, second = rewrite(encoded(photograph(), "PNG")), rewrite(encoded(photograph(), "PNG"))
    assert first == second


def test_what_a_camera_wrote_is_gone() -> None:
    exif = Image.Exif()
    exif[0x010E] = SECRET.decode()
    exif.get_ifd(0x8825)[1] = "N"
    data = encoded(photograph((64, 64)), "JPEG", exif=exif, comment=SECRET, icc_profile=SECRET)
    assert SECRET in data
    picture = rewrite(data)
    for written in (picture.full, *picture.thumbnails):
        assert SECRET not in written.data
        assert b"Exif" not in written.data
        assert not shown(written).getexif()
        assert "icc_profile" not in shown(written).info


def test_a_picture_is_turned_upright() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # to be shown turned by 90 degrees clockwise
    picture = rewrite(encoded(photograph((200, 100)), "JPEG", exif=exif, quality=95))
    assert (picture.full.width, picture.full.height) == (100, 200)
    top = shown(picture.full).getpixel((50, 20))
    assert isinstance(top, tuple)
    assert top[0] > 200


def test_transparency_is_kept_where_there_is_any() -> None:
    clear = Image.new("RGBA", (50, 50), (10, 20, 30, 0))
    solid = Image.new("RGBA", (50, 50), (10, 20, 30, 255))
    assert rewrite(encoded(clear, "PNG")).full.key.endswith(".webp")
    assert shown(rewrite(encoded(clear, "PNG")).full).mode == "RGBA"
    assert rewrite(encoded(solid, "PNG")).full.key.endswith(".jpg")


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "CMYK", "I;16"])
def test_every_way_to_hold_pixels_is_read(mode: str) -> None:
    form = "JPEG" if mode == "CMYK" else "PNG"
    picture = rewrite(encoded(Image.new(mode, (8, 8)), form))
    assert (picture.full.width, picture.full.height) == (8, 8)


def png_that_claims(width: int, height: int) -> bytes:
    """Give a PNG of a few bytes that says it is this large."""

    def chunk(name: bytes, body: bytes) -> bytes:
        return (
            struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
        )

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    rows = zlib.compress(b"\0" * 1_000)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


@pytest.mark.parametrize(("width", "height"), [(50_000, 50_000), (10_000, 5_001), (40_000, 10)])
def test_a_decompression_bomb_is_refused_unread(
    monkeypatch: pytest.MonkeyPatch, width: int, height: int
) -> None:
    def load(self: object) -> None:
        raise AssertionError("pixels were read")

    monkeypatch.setattr("PIL.ImageFile.ImageFile.load", load)
    with pytest.raises(PictureRefused, match="pixels"):
        rewrite(png_that_claims(width, height))


def test_moving_pictures_are_refused() -> None:
    frames = [Image.new("RGB", (8, 8), color) for color in ("red", "blue")]
    for form in ("PNG", "WEBP"):
        data = encoded(frames[0], form, save_all=True, append_images=frames[1:])
        with pytest.raises(PictureRefused, match="one frame"):
            rewrite(data)


def test_a_telephones_second_picture_is_left_out() -> None:
    frames = [photograph((64, 64)), Image.new("RGB", (8, 8))]
    data = encoded(frames[0], "MPO", save_all=True, append_images=frames[1:])
    assert rewrite(data).full.width == 64


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"not a picture",
        b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
        encoded(Image.new("RGB", (8, 8)), "GIF"),
        encoded(Image.new("RGB", (8, 8)), "BMP"),
        encoded(Image.new("RGB", (8, 8)), "TIFF"),
        encoded(photograph((64, 64)), "JPEG")[:300],
        encoded(photograph((64, 64)), "PNG")[:60],
        png_that_claims(64, 64),
    ],
)
def test_what_is_no_whole_picture_is_refused(data: bytes) -> None:
    with pytest.raises(PictureRefused):
        rewrite(data)


def test_too_many_bytes_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    data = encoded(photograph((64, 64)), "PNG")
    monkeypatch.setattr(pictures, "PICTURE_BYTES_MAX", len(data))
    assert rewrite(data).full.width == 64
    monkeypatch.setattr(pictures, "PICTURE_BYTES_MAX", len(data) - 1)
    with pytest.raises(PictureRefused, match="MiB"):
        rewrite(data)
