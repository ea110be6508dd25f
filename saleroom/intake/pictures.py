"""Pictures: bytes that somebody sent become pictures of ours.

Owns: which pictures are taken, and how each is written anew. Invariant: nothing of what was sent is
kept but its pixels, so no camera's data, place or hidden payload; no picture costs more memory than
`PIXELS_MAX` allows. It runs in a worker process. Must not know: lots, stores, requests.
Source: PROTOCOL 7 (images), ARCHITECTURE 3 (I11), decision 0010.
"""

from __future__ import annotations

import hashlib
import io
import warnings
from typing import Any, Final

import attrs
from PIL import ExifTags, Image, UnidentifiedImageError

from saleroom.intake.bounds import PICTURE_BYTES_MAX

PIXELS_MAX: Final = 50_000_000  # what good telephones take; 200 MB with transparency
SIDE_MAX: Final = 30_000  # px; a picture that is all edge is none
EDGE_MAX: Final = 2_048  # px; a screen filled, and no more than a catalogue prints
WIDTHS: Final = (320, 640, 1_280)  # px: a list on a phone, on a desk, a lot's own page
JPEG_QUALITY: Final = 85
WEBP_QUALITY: Final = 85

_TAKEN: Final = ("PNG", "JPEG", "WEBP")
_TOO_LARGE: Final = f"a picture has at most {PIXELS_MAX} pixels, {SIDE_MAX} on a side"
_TURNS: Final = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""{orientation in EXIF: what makes it upright}."""


class PictureRefused(ValueError):
    """What was sent is not a picture that is taken; the text says why, to whoever sent it."""


@attrs.frozen
class Written:
    """One picture as it is kept. key: a digest of `data`, and the ending of its type."""

    key: str
    width: int
    height: int
    data: bytes


@attrs.frozen
class Picture:
    """A picture at its largest, and once per width of WIDTHS, never enlarged."""

    full: Written
    thumbnails: tuple[Written, ...]


def rewrite(data: bytes) -> Picture:
    """Read a picture and write it anew, upright. Raises PictureRefused."""
    if len(data) > PICTURE_BYTES_MAX:
        raise PictureRefused(f"a picture has at most {PICTURE_BYTES_MAX // 1024**2} MiB")
    full = _pixels(data)
    thumbnails = tuple(_written(_fitted(full, width, full.height)) for width in WIDTHS)
    return Picture(_written(full), thumbnails)


def rewritten(data: bytes) -> tuple[Any, ...]:
    """Give the shapes of a picture and its thumbnails, and then their bytes; a worker's errand.

    What is no picture gives {refused: why}.
    """
    try:
        picture = rewrite(data)
    except PictureRefused as refused:
        return ({"refused": str(refused)},)
    every = (picture.full, *picture.thumbnails)
    shapes = [{"key": one.key, "width": one.width, "height": one.height} for one in every]
    return ({"shapes": shapes}, *(one.data for one in every))


def _pixels(data: bytes) -> Image.Image:
    """Decode, once the head says that it may be: size and frames before any pixel."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(data), formats=_TAKEN) as image:
                _check(image)
                turn = _TURNS.get(image.getexif().get(ExifTags.Base.Orientation, 1))
                image.draft("RGB", _frame(image, EDGE_MAX, EDGE_MAX))
                image.load()
                fitted = _fitted(_plain(image), EDGE_MAX, EDGE_MAX)
                return fitted if turn is None else fitted.transpose(turn)
    except (PictureRefused, MemoryError):
        raise
    except UnidentifiedImageError:
        raise PictureRefused("a picture is a PNG, JPEG or WebP file") from None
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise PictureRefused(_TOO_LARGE) from None
    except Exception as error:  # the border of Pillow: damaged files raise nearly everything
        raise PictureRefused("the picture is damaged or cut short") from error


def _check(image: Image.Image) -> None:
    width, height = image.size
    if width * height > PIXELS_MAX or max(width, height) > SIDE_MAX:
        raise PictureRefused(_TOO_LARGE)
    # What telephones write is a JPEG with a second picture behind it, which is left out.
    if getattr(image, "n_frames", 1) > 1 and image.format != "MPO":
        raise PictureRefused("a picture stands still: send one frame")


def _plain(image: Image.Image) -> Image.Image:
    """Give the pixels as RGB, or RGBA where any of them shows what is behind it."""
    if not image.has_transparency_data:
        return image if image.mode == "RGB" else image.convert("RGB")
    shown = image if image.mode == "RGBA" else image.convert("RGBA")
    lowest, _ = shown.getchannel("A").getextrema()
    return shown.convert("RGB") if lowest == 255 else shown


def _frame(image: Image.Image, width: int, height: int) -> tuple[int, int]:
    """Give the largest size of an image's shape within a frame, never above its own."""
    ratio = min(1.0, width / image.width, height / image.height)
    return max(1, round(image.width * ratio)), max(1, round(image.height * ratio))


def _fitted(image: Image.Image, width: int, height: int) -> Image.Image:
    size = _frame(image, width, height)
    if size == image.size:
        return image
    return image.resize(size, Image.Resampling.LANCZOS, reducing_gap=3.0)


def _written(image: Image.Image) -> Written:
    """Encode the pixels of an image alone: what its file had beside them is not handed on."""
    bare = Image.frombytes(image.mode, image.size, image.tobytes())
    out = io.BytesIO()
    if bare.mode == "RGB":
        ending = "jpg"
        bare.save(out, "JPEG", quality=JPEG_QUALITY, optimize=True, progressive=True)
    else:
        ending = "webp"
        bare.save(out, "WEBP", quality=WEBP_QUALITY, method=3)
    data = out.getvalue()
    key = f"{hashlib.blake2b(data, digest_size=32).hexdigest()}.{ending}"
    return Written(key, image.width, image.height, data)
