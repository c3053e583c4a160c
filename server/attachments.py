"""Files that the two sides of a call send each other: judged by their bytes, bounded, kept for a while.

Pictures are decoded within bounds and made anew, as photos are (server.photos): no metadata (where it was
taken), no second file behind the picture. A PDF and a plain text are passed on as they are, and only ever to
be saved. Everything else is refused, whatever its name says.

A file is noted in the database before its bytes are stored, and its bytes are deleted before the note is:
so there are never bytes that nobody knows of, whatever crashes in between.
"""

from __future__ import annotations

import hashlib
import io
from dataclasses import dataclass
from datetime import timedelta

from PIL import Image, ImageOps

from booking.chat import FileFacts, FileKind, Side, clean_name
from booking.chat_store import ChatStore, FileStore
from server import logs
from server.errors import Problem
from server.file_shelf import FileShelf
from server.photos import Darkroom
from signaling.clock import Clock, iso
from storage.errors import StorageError

MAX_FILES = 50
"""In one call, however small."""
MAX_PIXELS = 30_000_000
SIDE_PX = 2_560
TIDY_S = 3_600
_PICTURES = {"JPEG": b"\xff\xd8\xff", "PNG": b"\x89PNG\r\n\x1a\n", "GIF": b"GIF8", "WEBP": b"RIFF"}
_TEXT_CONTROLS = frozenset("\t\n\r\f")
_log = logs.logger("talktime.attachments")


@dataclass(frozen=True, slots=True)
class Limits:
    """In bytes: of one file, of all files of a call. `keep_days`: how long messages and files are kept."""

    file_bytes: int
    call_bytes: int
    keep_days: int


@dataclass(frozen=True, slots=True)
class Judged:
    """A file as it is kept. `width` and `height` are 0 when it is no picture."""

    kind: FileKind
    data: bytes
    width: int = 0
    height: int = 0


class Attachments:
    """See the module."""

    def __init__(
        self,
        files: FileStore,
        chats: ChatStore,
        shelf: FileShelf,
        darkroom: Darkroom,
        clock: Clock,
        limits: Limits,
    ) -> None:
        self._files, self._chats, self._shelf = files, chats, shelf
        self._darkroom, self._clock, self.limits = darkroom, clock, limits

    async def add(self, call_id: str, sender: Side, file_id: str, name: str, data: bytes) -> FileFacts:
        """Take a file in; the same one under the same id is taken once.

        Problems: file.type, file.pixels, file.unreadable, file.quota, file.exists, file.unavailable.
        """
        judged = await self._darkroom.work(judge, data, self.limits.file_bytes)
        file = FileFacts(
            id=file_id,
            name=clean_name(name, judged.kind),
            kind=judged.kind,
            size=len(judged.data),
            digest=hashlib.sha256(judged.data).hexdigest(),
            width=judged.width,
            height=judged.height,
        )
        at = iso(self._clock.wall())
        noted = await self._files.reserve(call_id, sender, file, at, self.limits.call_bytes, MAX_FILES)
        match noted:
            case "exists":
                raise Problem("file.exists")
            case "quota":
                raise Problem("file.quota")
            case FileFacts():
                pass
        try:
            await self._shelf.put(call_id, noted.id, judged.data)
        except OSError as error:
            _log.error("a file was not stored", error=error.strerror)
            raise Problem("file.unavailable") from error
        return noted

    async def get(self, call_id: str, file_id: str) -> tuple[FileFacts, bytes]:
        """A file of a call. Problem: file.unknown."""
        file = await self._files.get(call_id, file_id)
        data = None if file is None else await self._shelf.get(call_id, file.id)
        if file is None or data is None:
            raise Problem("file.unknown")
        return file, data

    async def keep_tidy(self) -> None:
        """Forget what is older than it is kept, now and every hour, until cancelled."""
        while True:
            try:
                await self.forget()
            except (OSError, StorageError) as error:
                # What is left is found again the next time.
                _log.error("old files were not deleted", error=str(error))
            await self._clock.sleep(TIDY_S)

    async def forget(self) -> None:
        """Delete the messages and files that are older than they are kept."""
        before = iso(self._clock.wall() - timedelta(days=self.limits.keep_days))
        while old := await self._files.old(before):
            for call_id, file in old:
                await self._shelf.remove(call_id, file.id)
                await self._files.forget(call_id, file.id)
        while await self._chats.forget(before):
            pass


def judge(data: bytes, most_bytes: int) -> Judged:
    """What a file is, by its bytes. Problems: file.type, file.pixels, file.unreadable."""
    name = next((name for name, start in _PICTURES.items() if data.startswith(start)), None)
    if name == "WEBP" and data[8:12] != b"WEBP":
        name = None
    if name is not None:
        return _picture(data, name, most_bytes)
    if data.startswith(b"%PDF-"):
        return Judged("application/pdf", data)
    if data and _is_text(data):
        return Judged("text/plain", data)
    raise Problem("file.type")


def _is_text(data: bytes) -> bool:
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return all(each.isprintable() or each in _TEXT_CONTROLS or ord(each) > 159 for each in text)


def _picture(data: bytes, name: str, most_bytes: int) -> Judged:
    try:
        with Image.open(io.BytesIO(data), formats=(name,)) as opened:
            _check(opened)
            opened.draft("RGB", (SIDE_PX, SIDE_PX))
            turned = ImageOps.exif_transpose(opened)
            # Lines and letters stay sharp as PNG, photos are small as JPEG; of what moves, the first picture.
            drawn = name in {"PNG", "GIF"} or turned.has_transparency_data
            plain = turned.convert("RGBA" if turned.has_transparency_data else "RGB")
            plain.thumbnail((SIDE_PX, SIDE_PX), Image.Resampling.LANCZOS)
            made = _encoded(plain, "PNG") if drawn else _encoded(plain, "JPEG")
            if len(made) > most_bytes:
                drawn, made = False, _encoded(plain.convert("RGB"), "JPEG")
            return Judged("image/png" if drawn else "image/jpeg", made, plain.width, plain.height)
    except Problem:
        raise
    except Exception as error:  # a decoder may fail on a stranger's bytes in any way it likes
        raise Problem("file.unreadable") from error


def _check(picture: Image.Image) -> None:
    if picture.width * picture.height > MAX_PIXELS:
        raise Problem("file.pixels", f"A picture has at most {MAX_PIXELS // 1_000_000} million pixels.")


def _encoded(picture: Image.Image, kind: str) -> bytes:
    # Only the pixels: whatever else the file said is left behind.
    bare = Image.new(picture.mode, picture.size)
    bare.paste(picture)
    target = io.BytesIO()
    if kind == "PNG":
        bare.save(target, "PNG", compress_level=6)
    else:
        bare.save(target, "JPEG", quality=88, optimize=True, progressive=True)
    return target.getvalue()
