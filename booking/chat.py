"""What the two sides of a call write to each other, and the files that they send.

A file is judged by its bytes (server.attachments); its name is only a name. It is cleaned of everything that
could make it look like something else: folders, control characters, characters that turn the direction of
writing, and an ending that is not one of its kind.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from typing import Literal

Side = Literal["payer", "host"]
FileKind = Literal["image/jpeg", "image/png", "application/pdf", "text/plain"]
ENDINGS: dict[FileKind, tuple[str, ...]] = {
    "image/jpeg": (".jpg", ".jpeg"),
    "image/png": (".png",),
    "application/pdf": (".pdf",),
    "text/plain": (".txt", ".md", ".csv", ".log"),
}
"""The endings that a name of the kind may have; the first one is given to a name that has another."""
REPLACED = (".jpg", ".jpeg", ".png", ".gif", ".webp")
"""Endings of pictures, which are taken off when the picture was made anew as another kind."""
MAX_NAME = 100


@dataclass(frozen=True, slots=True)
class FileFacts:
    """A file of a call. `width` and `height` in pixels, 0 when it is no picture; `size` in bytes."""

    id: str
    name: str
    kind: FileKind
    size: int
    digest: str
    width: int = 0
    height: int = 0


@dataclass(frozen=True, slots=True)
class ChatEntry:
    """One message. `seq` counts from 1 in each call; `id` was chosen by the sender; `at` is ISO 8601 UTC."""

    seq: int
    id: str
    sender: Side
    text: str
    at: str
    file: FileFacts | None = None


@dataclass(frozen=True, slots=True)
class NewEntry:
    """What somebody wants to say; `file_id` names a file that the same side sent to the same call, or ''."""

    call_id: str
    id: str
    sender: Side
    text: str
    at: str
    file_id: str = ""


def clean_name(name: str, kind: FileKind) -> str:
    """A name to show and to save under, whatever it was; at most `MAX_NAME` characters."""
    name = unicodedata.normalize("NFC", name.encode("utf-8", "ignore").decode())
    name = name.replace("\\", "/").rsplit("/", 1)[-1]
    # C: control, format (among them those that turn the direction), surrogates; Z: all but the plain space.
    kept = (" " if unicodedata.category(each)[0] == "Z" else each for each in name)
    name = "".join(each for each in kept if unicodedata.category(each)[0] != "C" and each not in '<>:"|?*')
    name = " ".join(name.split()).strip(". ")
    endings = ENDINGS[kind]
    ending = next((each for each in endings if name.lower().endswith(each)), "")
    stem, ending = (name[: -len(ending)], name[-len(ending) :]) if ending else (name, endings[0])
    if kind.startswith("image/"):
        taken = next((each for each in REPLACED if stem.lower().endswith(each)), "")
        stem = stem[: len(stem) - len(taken)]
    stem = stem.strip(". ")[: MAX_NAME - len(ending)].rstrip(". ")
    return f"{stem or 'file'}{ending}"
