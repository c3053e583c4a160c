"""Errors of the media package.

MediaError            anything a client's input or the network made impossible; `code` is stable
"""

from __future__ import annotations


class MediaError(Exception):
    """A refusal of the media engine. Codes: see `media.engine`."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
