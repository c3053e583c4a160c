"""The public page of an expert: what is in it for people, for previews and for those who would abuse it."""

from __future__ import annotations

import asyncio
import io
import re
import secrets
import zlib
from collections.abc import AsyncIterator
from html.parser import HTMLParser
from pathlib import Path

import pytest
from PIL import Image
from rig.house import House, Reply, open_house

from booking.people import Person, Rate
from server.photos import MAX_BYTES, SIDE_PX

ROOT = Path(__file__).parents[2]
EVIL = "\"><script>alert(1)</script><b onclick=x>'{{ 'y' * 7 }}{% raw %}"


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    """With the template as it stands in web/: the build only changes what is around it."""
    folder = tmp_path / "build"
    folder.mkdir()
    template = (ROOT / "web/profile.html").read_text()
    (folder / "profile.html").write_text(template.replace(" vite-ignore", ""))
    async with open_house(tmp_path / "data", web_folder=str(folder)) as house:
        yield house


class Head(HTMLParser):
    """What a reader of previews takes from a page, and every element that could do harm."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.meta: dict[str, str] = {}
        self.canonical = ""
        self.title = ""
        self.scripts: list[dict[str, str | None]] = []
        self.handlers: list[str] = []
        self.words: list[str] = []
        self._inside: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.handlers += [name for name, _ in attrs if name.startswith("on")]
        if tag == "meta":
            self.meta[given.get("property") or given.get("name") or ""] = given.get("content") or ""
        elif tag == "link" and given.get("rel") == "canonical":
            self.canonical = given["href"] or ""
        elif tag == "script":
            self.scripts.append(given)
        self._inside.append(tag)

    def handle_endtag(self, tag: str) -> None:
        while self._inside and self._inside.pop() != tag:
            pass

    def handle_data(self, data: str) -> None:
        if self._inside and self._inside[-1] == "title":
            self.title += data
        elif data.strip():
            self.words.append(data.strip())


def photo(kind: str = "JPEG", size: tuple[int, int] = (300, 200), **options: object) -> bytes:
    target = io.BytesIO()
    Image.new("RGB", size, "teal").save(target, kind, **options)  # type: ignore[arg-type]
    return target.getvalue()


async def put(house: House, data: bytes, kind: str = "image/jpeg", login: str = "") -> Reply:
    headers = {"Content-Type": kind}
    return await house.ask("POST", "profile/photo", login or house.ada, data=data, headers=headers)


# -- the page ----------------------------------------------------------------------------------------------


async def test_the_page_says_who_it_is_and_what_it_costs_without_any_script(house: House) -> None:
    page = await house.ask("GET", "/e/ada")
    assert (page.status, page.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    head = Head(page.text)
    url = f"http://localhost:{house.life.port}/e/ada"
    assert head.canonical == head.meta["og:url"] == url
    assert head.title == head.meta["og:title"] == "Talk to Ada"
    assert head.meta["og:description"].startswith("$2.40 a minute. Engines, numbers")
    assert head.meta["description"] == head.meta["og:description"]
    assert "og:image" not in head.meta, "there is no photo yet"
    text = " ".join(head.words)
    for words in ("Ada", "Engines, numbers", "$2.40 a minute", "7 min 20 s costs $17.60.", "Away", "UTC"):
        assert words in text
    house.online()
    assert "Available now" in (await house.ask("GET", "/e/ada")).text


async def test_what_people_type_stays_text(house: House) -> None:
    rate = Rate("USD", 100)
    await house.services.people.add(Person("evil", "expert", EVIL[:60], "USD", "evil", EVIL, rate))
    login, _ = house.services.logins.token("evil", "expert")
    changed = await house.ask("POST", "profile", login, {
        "name": EVIL[:60], "headline": EVIL, "bio": f"{EVIL}\n</main></body>{EVIL}", "languages": ["en"],
        "specialities": [EVIL[:40]], "time_zone": "UTC",
    })  # fmt: skip
    assert changed.status == 200, changed.text
    offer = {"title": EVIL[:60], "media": "video", "price_minor": 1}
    added = await house.ask("POST", "profile/offers", login, {"id": secrets.token_hex(12), "terms": offer})
    assert added.status == 201, added.text
    page = await house.ask("GET", "/e/evil")
    head = Head(page.text)
    assert page.status == 200
    assert [each.get("src") for each in head.scripts] == ["/src/pages/profile.ts"]
    assert head.handlers == []
    assert head.meta["og:title"] == f"Talk to {EVIL[:60]}"
    text = " ".join(head.words)
    assert text.count("<script>alert(1)</script>") >= 4, "it is shown as it was typed"
    assert "yyyyyyy" not in text, "and nothing in it is a template"
    assert EVIL not in page.text


async def test_an_address_that_nobody_has_is_a_page_with_404(house: House) -> None:
    for slug in ("nobody", "sam", "ola", "Nobody-1"):
        page = await house.ask("GET", f"/e/{slug}")
        assert page.status == 404
        assert "There is nobody at this address" in page.text
        assert Head(page.text).meta["robots"] == "noindex"
    assert (await house.ask("GET", "/e/nobody/qr.svg")).code == "expert.unknown"
    assert (await house.ask("GET", "/e/a%2Fb")).status == 404
    assert (await house.ask("GET", "/e/%3Cscript%3E")).status == 404


async def test_capitals_in_the_address_do_no_harm(house: House) -> None:
    page = await house.ask("GET", "/e/ADA")
    assert (page.status, Head(page.text).title) == (200, "Talk to Ada")


async def test_an_expert_without_offers_has_a_page_still(house: House) -> None:
    only = (await house.ask("GET", "profile", house.ada)).body["offers"][0]["id"]
    await house.ask("POST", f"profile/offers/{only}/withdraw", house.ada)
    page = await house.ask("GET", "/e/ada")
    assert page.status == 200
    assert "Takes no calls at the moment" in page.text
    assert "$" not in Head(page.text).meta["og:description"]


async def test_the_page_is_as_strict_as_every_other(house: House) -> None:
    page = await house.ask("GET", "/e/ada")
    policy = page.headers["Content-Security-Policy"]
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy
    assert page.headers["X-Content-Type-Options"] == "nosniff"
    assert "style=" not in page.text


async def test_the_code_leads_to_the_page(house: House) -> None:
    code = await house.ask("GET", "/e/ada/qr.svg")
    assert (code.status, code.headers["Content-Type"]) == (200, "image/svg+xml")
    assert code.text.startswith("<svg")
    assert "<script" not in code.text


async def test_without_a_build_the_page_says_so(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    async with open_house(tmp_path / "data", web_folder=str(tmp_path / "empty")) as house:
        page = await house.ask("GET", "/e/ada")
    assert page.status == 503
    assert "not built" in page.text


# -- photos ------------------------------------------------------------------------------------------------


async def test_a_photo_is_made_anew_square_and_without_metadata(house: House) -> None:
    exif = Image.Exif()
    exif[0x010E] = "taken at home"
    sent = photo(size=(900, 600), exif=exif, comment=b"a comment") + b"<script>alert(1)</script>"
    put_up = await put(house, sent)
    assert put_up.status == 200, put_up.text
    path = put_up.body["photo"]
    assert re.fullmatch(r"/photos/[\w-]+\.jpg", path)
    async with house.http.get(f"{house.url}{path}") as response:
        served, headers = await response.read(), response.headers
    assert (headers["Content-Type"], headers["X-Content-Type-Options"]) == ("image/jpeg", "nosniff")
    assert "immutable" in headers["Cache-Control"]
    with Image.open(io.BytesIO(served)) as image:
        assert (image.format, image.size) == ("JPEG", (SIDE_PX, SIDE_PX))
        assert not image.getexif()
        assert "comment" not in image.info
    for secret in (b"taken at home", b"a comment", b"<script"):
        assert secret not in served
    page = Head((await house.ask("GET", "/e/ada")).text)
    assert page.meta["og:image"] == f"http://localhost:{house.life.port}{path}"


async def test_a_photo_is_replaced_and_removed(house: House) -> None:
    first = (await put(house, photo())).body["photo"]
    second = (await put(house, photo("PNG"), "image/png")).body["photo"]
    assert first != second
    assert (await house.ask("GET", first)).status == 404
    assert (await house.ask("POST", "profile/photo/remove", house.ada)).body["photo"] == ""
    assert (await house.ask("GET", second)).status == 404


async def test_a_picture_that_can_be_seen_through_gets_a_white_ground(house: House) -> None:
    target = io.BytesIO()
    Image.new("RGBA", (80, 80), (0, 0, 0, 0)).save(target, "PNG")
    path = (await put(house, target.getvalue(), "image/png")).body["photo"]
    async with house.http.get(f"{house.url}{path}") as response:
        with Image.open(io.BytesIO(await response.read())) as image:
            assert image.getpixel((40, 40)) == (255, 255, 255)


def bomb() -> bytes:
    """A PNG of a few kilobytes that says it has a billion pixels."""
    data = bytearray(photo("PNG", (64, 64)))
    data[16:24] = (32_768).to_bytes(4, "big") * 2
    data[29:33] = zlib.crc32(data[12:29]).to_bytes(4, "big")
    return bytes(data)


NO_PHOTOS = [
    (b"", "image/jpeg", "photo.type"),
    (b"<html><script>alert(1)</script>", "image/jpeg", "photo.type"),
    (b"<svg xmlns='http://www.w3.org/2000/svg' onload='x'/>", "image/png", "photo.type"),
    (b"GIF89a" + bytes(100), "image/png", "photo.type"),
    (photo("GIF"), "image/jpeg", "photo.type"),
    (photo("WEBP"), "image/jpeg", "photo.type"),
    (b"\xff\xd8\xff" + bytes(1000), "image/jpeg", "photo.unreadable"),
    (photo()[:500], "image/jpeg", "photo.unreadable"),
    (photo("PNG")[:60], "image/png", "photo.unreadable"),
    (photo(size=(63, 500)), "image/jpeg", "photo.size"),
    (bomb(), "image/png", "photo.size"),
    (photo(), "image/svg+xml", "request.media_type"),
    (photo(), "text/html", "request.media_type"),
    (photo() + bytes(MAX_BYTES), "image/jpeg", "request.too_large"),
]


async def test_what_is_no_photo_is_refused(house: House) -> None:
    for number, (data, kind, code) in enumerate(NO_PHOTOS):
        assert (await put(house, data, kind)).code == code, number
    assert (await house.ask("GET", "profile", house.ada)).body["photo"] == ""


async def test_only_the_expert_puts_up_a_photo(house: House) -> None:
    for login, code in ((house.sam, "auth.forbidden"), (house.ola, "auth.forbidden")):
        assert (await put(house, photo(), login=login)).code == code
    headers = {"Content-Type": "image/jpeg"}
    missing = await house.ask("POST", "profile/photo", data=photo(), headers=headers)
    assert missing.code == "auth.missing"
    await put(house, photo(), login=house.grace)
    assert (await house.ask("GET", "profile", house.ada)).body["photo"] == ""


async def test_many_photos_at_once_are_developed_in_turn(house: House) -> None:
    replies = await asyncio.gather(*(put(house, photo(size=(600 + n, 500))) for n in range(6)))
    assert {reply.status for reply in replies} == {200}
    # Which of them stayed is chance. A picture is no text, so only its head is asked for.
    assert (await house.ask("HEAD", replies[0].body["photo"])).status in {200, 404}
