"""What a headless browser's camera sees: a drawn person who breathes, blinks and talks, as a Y4M file.

Chromium plays it in a loop (`--use-file-for-fake-video-capture`). Every person looks different, so that a
test (and a screenshot) shows who sees whom. The drawing is an SVG; Chromium itself takes all frames at once.
"""

from __future__ import annotations

import io
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import av
from playwright.sync_api import Browser

WIDTH = 640
RATE = 15
COLUMNS, ROWS = 5, 6
FRAMES = COLUMNS * ROWS


@dataclass(frozen=True, slots=True)
class Looks:
    """Colours of a person and the room behind."""

    wall: str
    floor: str
    lamp: str
    skin: str
    shade: str
    hair: str
    shirt: str
    collar: str
    long_hair: bool


LOOKS = {
    "ada": Looks(
        "#cfd8d3", "#a9b7ae", "#f6e7c1", "#e8b796", "#cf9670", "#3a2a24", "#7a3148", "#f3e9e2", True
    ),
    "sam": Looks(
        "#d9d2c7", "#b8ab99", "#ffdf9e", "#8d5a3b", "#714428", "#1d1715", "#2d5d7b", "#e7eef2", False
    ),
    "kim": Looks(
        "#c9d3e2", "#9fb0c6", "#ffe9c9", "#f0c9a4", "#d7a67c", "#6b4a2b", "#4f6b3a", "#eef2e4", True
    ),
}  # fmt: skip


def drawing(looks: Looks, phase: float) -> str:
    """One frame of a person; `phase` runs from 0 to 1 and meets itself."""
    turn = 2 * math.pi * phase
    sway, breath = 5 * math.sin(turn), 2.5 * math.sin(2 * turn)
    mouth = 3 + 7 * abs(math.sin(3 * turn)) * (1 if phase < 0.6 else 0.15)
    lid = 1.0 if 0.70 < phase < 0.76 else 7.5
    back = (
        f'<path d="M-66 -8 C-84 90 -70 128 -92 158 L92 158 C70 128 84 90 66 -8 Z" fill="{looks.hair}"/>'
        if looks.long_hair
        else ""
    )
    fringe = (
        "M-65 12 C-82 -112 82 -112 65 12 C56 -34 26 -46 -12 -42 C-38 -36 -58 -16 -65 12 Z"
        if looks.long_hair
        else "M-62 0 C-78 -106 78 -106 62 0 C56 -32 30 -42 0 -42 C-30 -42 -56 -32 -62 0 Z"
    )
    eyes = "".join(
        f'<ellipse cx="{x + sway * 0.35:.1f}" cy="2" rx="6.5" ry="{lid}" fill="#2a211d"/>'
        f'<path d="M{x - 13} -15 q13 -8 26 0" stroke="{looks.hair}" stroke-width="4" fill="none"'
        ' stroke-linecap="round"/>'
        for x in (-24, 24)
    )
    return f"""<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 640 360">
<defs><radialGradient id="glow"><stop offset="0" stop-color="{looks.lamp}"/>
<stop offset="1" stop-color="{looks.lamp}" stop-opacity="0"/></radialGradient></defs>
<rect width="640" height="360" fill="{looks.wall}"/><rect y="296" width="640" height="64"
 fill="{looks.floor}"/>
<g fill="{looks.floor}"><rect x="40" y="66" width="132" height="8"/><rect x="40" y="150" width="132"
 height="8"/></g>
<g fill="{looks.shirt}" opacity="0.55"><rect x="52" y="28" width="14" height="38"/>
<rect x="70" y="20" width="11"
 height="46"/><rect x="120" y="108" width="18" height="42"/></g>
<g fill="{looks.hair}" opacity="0.45"><rect x="85" y="32" width="16" height="34"/>
<rect x="58" y="112" width="12"
 height="38"/><circle cx="146" cy="52" r="14"/></g>
<circle cx="548" cy="92" r="150" fill="url(#glow)" opacity="{0.75 + 0.05 * math.sin(turn):.2f}"/>
<path d="M520 84 h56 l-12 -40 h-32 Z" fill="{looks.lamp}"/><rect x="545" y="84" width="6" height="216"
 fill="{looks.hair}" opacity="0.6"/>
<g transform="translate({320 + sway:.1f} {172 + breath * 0.4:.1f}) rotate({sway * 0.5:.2f})">{back}
<rect x="-22" y="52" width="44" height="56" rx="18" fill="{looks.shade}"/></g>
<path d="M176 360 C180 {286 + breath:.1f} 250 {266 + breath:.1f} 298 258 h44 C390 {266 + breath:.1f} 460
 {286 + breath:.1f} 464 360 Z" fill="{looks.shirt}"/>
<path d="M290 {256 + breath * 0.5:.1f} l30 40 l30 -40 l10 8 l-40 56 l-40 -56 Z" fill="{looks.collar}"/>
<g transform="translate({320 + sway:.1f} {172 + breath * 0.4:.1f}) rotate({sway * 0.5:.2f})">
<ellipse cx="-60" cy="10" rx="10" ry="16" fill="{looks.shade}"/><ellipse cx="60" cy="10" rx="10" ry="16"
 fill="{looks.shade}"/><ellipse rx="60" ry="74" cy="6" fill="{looks.skin}"/>
<path d="{fringe}" fill="{looks.hair}"/>
{eyes}<path d="M{sway * 0.4:.1f} 8 q8 20 -4 24" stroke="{looks.shade}" stroke-width="4" fill="none"
 stroke-linecap="round"/><path transform="translate({sway * 0.3:.1f} 46)"
 d="M-20 -2 Q0 4 20 -2 Q0 {8 + 2 * mouth:.1f} -20 -2 Z"
 fill="#7a3030"/>
</g></svg>"""


def record(browser: Browser, path: Path, who: str, width: int = WIDTH) -> Path:
    """Draw the loop of `who` (a key of `LOOKS`) into `path` as YUV4MPEG2, 16:9, and return the path."""
    height = width * 9 // 16
    page = browser.new_page(viewport={"width": width * COLUMNS, "height": height * ROWS})
    grid = f"repeat({ROWS}, {height}px) / repeat({COLUMNS}, {width}px)"
    drawings = "".join(drawing(LOOKS[who], at / FRAMES) for at in range(FRAMES))
    page.set_content(f'<body style="margin: 0; display: grid; grid-template: {grid}">{drawings}')
    sheet = page.screenshot(type="jpeg", quality=90)
    page.close()
    with path.open("wb") as film:
        film.write(f"YUV4MPEG2 W{width} H{height} F{RATE}:1 Ip A1:1 C420jpeg\n".encode())
        for frame in _frames(sheet, width, height):
            film.write(b"FRAME\n" + frame)
    return path


def _frames(jpeg: bytes, width: int, height: int) -> Iterator[bytes]:
    """The pictures on a sheet, row by row; of each its three planes as YUV 4:2:0, without padding."""
    with av.open(io.BytesIO(jpeg), format="jpeg_pipe") as still:
        sheet = next(still.decode(video=0)).reformat(format="yuv420p")
    planes = [(bytes(plane), plane.line_size, 1 + (plane.width < sheet.width)) for plane in sheet.planes]
    for at in range(FRAMES):
        row, column = divmod(at, COLUMNS)
        out = bytearray()
        for raw, line, part in planes:
            for y in range(row * height // part, (row + 1) * height // part):
                begin = y * line + column * width // part
                out += raw[begin : begin + width // part]
        yield bytes(out)
