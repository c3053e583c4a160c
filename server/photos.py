"""Photos that people upload: judged by their first bytes, decoded within bounds, and made anew.

What is stored and served is always a JPEG of our own making, of one size: no metadata (a phone's photo says
where it was taken), no second file hidden behind the picture, nothing that a browser could take for a page.
"""

from __future__ import annotations

import asyncio
import io
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from PIL import Image, ImageOps

from server.errors import Problem

SIDE_PX = 512
MIN_SIDE_PX = 64
MAX_PIXELS = 40_000_000
MAX_BYTES = 4 * 1024 * 1024
TYPES = ("image/jpeg", "image/png")
AT_ONCE = 2
"""Photos that are decoded at the same time: each may need MAX_PIXELS * 4 bytes for a moment."""

# Ours is stricter and comes before anything is decoded (`_checked`); Pillow's own would warn on the way.
Image.MAX_IMAGE_PIXELS = None
_SIGNATURES = {"JPEG": b"\xff\xd8\xff", "PNG": b"\x89PNG\r\n\x1a\n"}
_WHITE = (255, 255, 255)


Given = ParamSpec("Given")
Made = TypeVar("Made")


class Darkroom:
    """Makes photos anew, a few at a time and in threads, so that no call notices."""

    def __init__(self) -> None:
        self._places = asyncio.Semaphore(AT_ONCE)

    async def develop(self, data: bytes) -> bytes:
        """The photo as a square JPEG. Problems: photo.type, photo.size, photo.unreadable."""
        return await self.work(remade, data)

    async def work(self, decode: Callable[Given, Made], *args: Given.args, **kwargs: Given.kwargs) -> Made:
        """Run a function that decodes pictures in a thread, when it is its turn."""
        async with self._places:
            return await asyncio.to_thread(decode, *args, **kwargs)


def remade(data: bytes) -> bytes:
    """See `Darkroom.develop`."""
    kind = next((name for name, start in _SIGNATURES.items() if data.startswith(start)), None)
    if kind is None:
        raise Problem("photo.type")
    try:
        with Image.open(io.BytesIO(data), formats=(kind,)) as opened:
            _check(opened)
            # A hint for JPEG: decode at a fraction of the size, which is quicker and needs less memory.
            opened.draft("RGB", (2 * SIDE_PX, 2 * SIDE_PX))
            turned = ImageOps.exif_transpose(opened)
            square = ImageOps.fit(_opaque(turned), (SIDE_PX, SIDE_PX), Image.Resampling.LANCZOS)
            # Only the pixels: whatever else the file said is left behind.
            bare = Image.new("RGB", square.size)
            bare.paste(square)
            target = io.BytesIO()
            bare.save(target, "JPEG", quality=85, optimize=True, progressive=True)
            return target.getvalue()
    except Problem:
        raise
    except Exception as error:  # a decoder may fail on a stranger's bytes in any way it likes
        raise Problem("photo.unreadable") from error


def _check(image: Image.Image) -> None:
    width, height = image.size
    if min(width, height) < MIN_SIDE_PX:
        raise Problem("photo.size", f"A photo is at least {MIN_SIDE_PX} pixels wide and high.")
    if width * height > MAX_PIXELS:
        raise Problem("photo.size", f"A photo has at most {MAX_PIXELS // 1_000_000} million pixels.")


def _opaque(image: Image.Image) -> Image.Image:
    if not image.has_transparency_data:
        return image.convert("RGB")
    with_alpha = image.convert("RGBA")
    ground = Image.new("RGB", with_alpha.size, _WHITE)
    ground.paste(with_alpha, mask=with_alpha.getchannel("A"))
    return ground
