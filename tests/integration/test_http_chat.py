"""Chat and files over HTTP: only the call's two sides, only what may be sent, and nothing that can be run."""

from __future__ import annotations

import io
import secrets
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from urllib.parse import quote

import pytest
from PIL import Image
from rig.house import House, Reply, Talk, open_house, until

from booking.chat import MAX_NAME, clean_name
from server.attachments import MAX_FILES
from signaling.messages import ChatLine, ChatLineMessage, ChatMessage

PDF = b"%PDF-1.7\n1 0 obj\n<< >>\nendobj\n%%EOF\n"
OCTETS = {"Content-Type": "application/octet-stream"}


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with open_house(tmp_path, chat_file_mb=1, chat_call_mb=2, writes_per_minute=1_000) as house:
        yield house


def picture(kind: str = "JPEG", size: tuple[int, int] = (80, 60), place: str = "") -> bytes:
    made, exif = io.BytesIO(), Image.Exif()
    exif[0x010E] = place or "somewhere"
    exif[0x0112] = 6
    Image.new("RGB", size, (200, 30, 30)).save(made, kind, **({"exif": exif} if kind != "GIF" else {}))
    return made.getvalue()


async def send(
    house: House, call_id: str, login: str, data: bytes, name: str = "file.pdf", file_id: str = ""
) -> Reply:
    file_id = file_id or secrets.token_hex(10)
    path = f"calls/{call_id}/files?id={file_id}&name={quote(name)}"
    return await house.ask("POST", path, login, data=data, headers=OCTETS)


async def say(talk: Talk, end: str, text: str = "", file: str | None = None) -> ChatLine:
    """Write, and wait until the other side has it."""
    house, message_id = talk.house, secrets.token_hex(10)
    ends = {"payer": talk.payer, "host": talk.host}
    other = ends["host" if end == "payer" else "payer"]
    assert house.services.desk.said(talk.call_id, ends[end], ChatMessage(message_id, text, file)) is None

    def found() -> list[ChatLine]:
        lines = [each.line for each in other.sent if isinstance(each, ChatLineMessage)]
        return [line for line in lines if line.id == message_id]

    await until(lambda: bool(found()), "the message is there")
    return found()[0]


async def bytes_of(house: House, path: str, login: str) -> tuple[bytes, dict[str, str]]:
    headers = {"Authorization": f"Bearer {login}"}
    async with house.http.get(f"{house.url}/api/v1/{path}", headers=headers) as response:
        assert response.status == 200
        return await response.read(), dict(response.headers)


# -- sending and fetching ----------------------------------------------------------------------------------


async def test_a_picture_goes_over_and_leaves_its_secrets_behind(house: House) -> None:
    talk = await house.talk()
    sent = await send(house, talk.call_id, house.sam, picture(place="at home"), "Holiday.JPG")
    assert sent.status == 201
    assert sent.body | {"size": 0} == {
        "id": sent.body["id"], "name": "Holiday.JPG", "kind": "image/jpeg", "size": 0,
        "width": 60, "height": 80,
    }  # fmt: skip
    line = await say(talk, "payer", "look", sent.body["id"])
    assert (line.sender, line.text) == ("payer", "look")
    assert line.file is not None
    assert (line.file.name, line.file.width, line.file.height) == ("Holiday.JPG", 60, 80)
    data, headers = await bytes_of(house, f"calls/{talk.call_id}/files/{line.file.id}", house.ada)
    assert len(data) == line.file.size
    assert b"at home" not in data
    with Image.open(io.BytesIO(data)) as opened:
        assert (opened.format, opened.size, dict(opened.getexif())) == ("JPEG", (60, 80), {})
    assert headers["Content-Type"] == "image/jpeg"
    assert headers["Content-Disposition"] == "attachment; filename*=UTF-8''Holiday.JPG"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Content-Security-Policy"].startswith("sandbox; default-src 'none'")
    assert headers["Cache-Control"] == "private, no-store"


SENT = [
    (PDF, "invoice.pdf", "invoice.pdf application/pdf"),
    (PDF, "invoice.exe", "invoice.exe.pdf application/pdf"),
    (b"<script>alert(1)</script>", "page.html", "page.html.txt text/plain"),
    (b"<svg onload='alert(1)'/>", "../../up.svg", "up.svg.txt text/plain"),
    ("Grüße\n\t1,2".encode(), "table.csv", "table.csv text/plain"),
    (picture("PNG"), "shot.png", "shot.png image/png"),
    (picture("GIF"), "fun.gif", "fun.png image/png"),
    (picture("WEBP"), "new.webp", "new.jpg image/jpeg"),
]
REFUSED = [
    (b"MZ\x90\x00\x03", "file.type"),
    (b"PK\x03\x04 a zip", "file.type"),
    (b"text with a \x00 in it", "file.type"),
    (b"\xff\xd8\xff and no picture", "file.unreadable"),
    (b"RIFF\x00\x00\x00\x00WAVEfmt ", "file.type"),
    (b"", "file.type"),
    (picture("PNG", (6_000, 5_001)), "file.pixels"),
    (b"x" * (1024 * 1024 + 1), "request.too_large"),
]


async def test_what_it_is_is_judged_by_its_bytes(house: House) -> None:
    talk = await house.talk()
    for data, name, kept in SENT:
        sent = await send(house, talk.call_id, house.ada, data, name)
        assert f"{sent.body['name']} {sent.body['kind']}" == kept
        _, headers = await bytes_of(house, f"calls/{talk.call_id}/files/{sent.body['id']}", house.sam)
        assert headers["Content-Type"].startswith(sent.body["kind"])
        assert headers["Content-Disposition"].startswith("attachment;")


async def test_what_may_not_be_sent(house: House) -> None:
    talk = await house.talk()
    for data, code in REFUSED:
        refused = await send(house, talk.call_id, house.sam, data, "holiday.jpg")
        assert refused.code == code, data[:20]
    assert not list(house.config.data_path.glob("files/*/*/*"))


async def test_the_same_file_again_is_the_same_and_another_is_not(house: House) -> None:
    talk = await house.talk()
    first = await send(house, talk.call_id, house.sam, PDF, file_id="a" * 20)
    again = await send(house, talk.call_id, house.sam, PDF, file_id="a" * 20)
    assert (again.status, again.body) == (201, first.body)
    assert (await send(house, talk.call_id, house.sam, PDF + b"x", file_id="a" * 20)).code == "file.exists"
    assert (await send(house, talk.call_id, house.ada, PDF, file_id="a" * 20)).code == "file.exists"
    assert (await send(house, talk.call_id, house.sam, PDF, file_id="short")).code == "request.invalid"
    assert len(list(house.config.data_path.glob("files/*/*/*"))) == 1


async def test_a_call_takes_so_much(house: House) -> None:
    talk = await house.talk()
    for number in range(2):
        sent = await send(house, talk.call_id, house.sam, bytes([65 + number]) * 1_000_000, "a.txt")
        assert sent.status == 201
    assert (await send(house, talk.call_id, house.ada, b"B" * 200_000, "b.txt")).code == "file.quota"
    for number in range(MAX_FILES - 2):
        assert (await send(house, talk.call_id, house.ada, str(number).encode(), "c.txt")).status == 201
    assert (await send(house, talk.call_id, house.ada, b"one more", "d.txt")).code == "file.quota"


async def test_a_full_disk_is_told_and_the_same_id_goes_on(house: House) -> None:
    talk = await house.talk()
    blocked = house.config.data_path / "files"
    blocked.write_text("a file where the folder should be")
    assert (await send(house, talk.call_id, house.sam, PDF, file_id="b" * 20)).code == "file.unavailable"
    gone = await house.ask("GET", f"calls/{talk.call_id}/files/{'b' * 20}", house.sam)
    assert gone.code == "file.unknown"
    blocked.unlink()
    assert (await send(house, talk.call_id, house.sam, PDF, file_id="b" * 20)).status == 201
    data, _ = await bytes_of(house, f"calls/{talk.call_id}/files/{'b' * 20}", house.sam)
    assert data == PDF


async def test_one_cannot_say_what_the_other_sent(house: House) -> None:
    talk = await house.talk()
    sent = await send(house, talk.call_id, house.sam, PDF)
    desk = house.services.desk
    assert desk.said(talk.call_id, talk.host, ChatMessage("h" * 20, "mine!", sent.body["id"])) is None
    await until(lambda: getattr(talk.host.sent[-1], "code", "") == "file.unknown", "it is refused")
    assert not [each for each in talk.payer.sent if isinstance(each, ChatLineMessage)]


# -- who may -----------------------------------------------------------------------------------------------


async def test_nobody_else_reads_writes_or_learns_of_it(house: House) -> None:
    talk = await house.talk()
    sent = await send(house, talk.call_id, house.sam, PDF)
    await say(talk, "payer", "a secret", sent.body["id"])
    guest = await house.ask("POST", f"calls/{talk.call_id}/guests", house.sam, {"name": "Zoe"})
    zoe = guest.body["url"].partition("#")[2].partition("=")[2] or guest.body["url"].partition("#")[2]
    file = f"calls/{talk.call_id}/files/{sent.body['id']}"
    for login, status in ((house.kim, 404), (house.grace, 404), (house.ola, 403), (zoe, 403), ("", 401)):
        for reply in (
            await house.ask("GET", file, login),
            await house.ask("GET", f"calls/{talk.call_id}/chat", login),
            await send(house, talk.call_id, login, PDF),
        ):
            assert (reply.status, "secret" in reply.text) == (status, False)
    other = await house.ask("GET", f"calls/{talk.call_id}/files/{'z' * 20}", house.sam)
    assert other.code == "file.unknown"


async def test_a_stranger_is_refused_before_a_byte_is_read(house: House) -> None:
    talk = await house.talk()
    refused = await send(house, talk.call_id, house.kim, b"x" * 3_000_000)
    assert refused.code == "call.unknown"


async def test_afterwards_one_reads_and_writes_no_more(house: House) -> None:
    talk = await house.talk()
    sent = await send(house, talk.call_id, house.ada, PDF)
    for number in range(3):
        await say(talk, "host", f"line {number}", sent.body["id"] if number == 2 else None)
    await house.services.desk.end(talk.call_id, "operator")
    assert (await send(house, talk.call_id, house.ada, PDF)).code == "call.ended"
    for login in (house.sam, house.ada):
        page = (await house.ask("GET", f"calls/{talk.call_id}/chat", login)).body
        assert [line["text"] for line in page["lines"]] == ["line 0", "line 1", "line 2"]
        assert page["lines"][2]["file"]["name"] == "file.pdf"
        assert not page["more"]
    older = await house.ask("GET", f"calls/{talk.call_id}/chat?before=2", house.sam)
    assert [line["seq"] for line in older.body["lines"]] == [1]
    assert (
        await house.ask("GET", f"calls/{talk.call_id}/chat?before=x", house.sam)
    ).code == "request.invalid"
    data, _ = await bytes_of(house, f"calls/{talk.call_id}/files/{sent.body['id']}", house.sam)
    assert data == PDF


async def test_it_is_forgotten_in_time(house: House) -> None:
    talk = await house.talk()
    sent = await send(house, talk.call_id, house.sam, PDF)
    await say(talk, "payer", "hello", sent.body["id"])
    attachments = house.services.attachments
    await attachments.forget()
    assert (await house.ask("GET", f"calls/{talk.call_id}/chat", house.sam)).body["lines"]
    clock = attachments._clock
    wall = clock.wall() + timedelta(days=attachments.limits.keep_days + 1)

    class Later:
        def wall(self) -> object:
            return wall

    attachments._clock = Later()  # type: ignore[assignment]
    await attachments.forget()
    attachments._clock = clock
    assert (await house.ask("GET", f"calls/{talk.call_id}/chat", house.sam)).body["lines"] == []
    gone = await house.ask("GET", f"calls/{talk.call_id}/files/{sent.body['id']}", house.sam)
    assert gone.code == "file.unknown"
    assert not list(house.config.data_path.glob("files/*/*"))


async def test_who_is_deleted_takes_along_what_they_wrote(house: House) -> None:
    talk = await house.talk()
    sent = await send(house, talk.call_id, house.sam, PDF, "mine.pdf")
    theirs = await send(house, talk.call_id, house.ada, PDF, "theirs.pdf")
    await say(talk, "payer", "my words", sent.body["id"])
    await say(talk, "host", "their words", theirs.body["id"])
    export = await house.ask("GET", "me/export", house.sam)
    assert [row["text"] for row in export.body["tables"]["call_chat"]] == ["my words", "their words"]
    await talk.hang_up()
    name = (await house.ask("GET", "me", house.sam)).body["name"]
    gone = await house.ask("POST", "me/delete", house.sam, {"name": name, "money": "give_up"})
    assert gone.status == 200, gone.text
    page = (await house.ask("GET", f"calls/{talk.call_id}/chat", house.ada)).body
    assert [line["text"] for line in page["lines"]] == ["their words"]
    await house.services.attachments.forget()
    left = f"calls/{talk.call_id}/files"
    assert (await house.ask("GET", f"{left}/{sent.body['id']}", house.ada)).code == "file.unknown"
    assert (await bytes_of(house, f"{left}/{theirs.body['id']}", house.ada))[0] == PDF


# -- names -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "clean"),
    [
        ("", "file.pdf"),
        ("../../etc/passwd", "passwd.pdf"),
        ("C:\\Windows\\cmd.exe", "cmd.exe.pdf"),
        ("gpj.\u202efdp.exe", "gpj.fdp.exe.pdf"),
        ("a\r\nSet-Cookie: x=1.pdf", "aSet-Cookie x=1.pdf"),
        ("nul\x00l.pdf", "null.pdf"),
        ("  .. .pdf", "pdf.pdf"),
        ("<img src=x>.PDF", "img src=x.PDF"),
        ("Rechnung für Zoë.pdf", "Rechnung für Zoë.pdf"),
        ("\ud800broken", "broken.pdf"),
        ("x" * 500 + ".pdf", "x" * (MAX_NAME - 4) + ".pdf"),
    ],
)
def test_a_name_is_only_a_name(name: str, clean: str) -> None:
    assert clean_name(name, "application/pdf") == clean


def test_a_picture_made_anew_has_the_ending_of_what_it_is() -> None:
    assert clean_name("cat.webp", "image/jpeg") == "cat.jpg"
    assert clean_name("cat.png", "image/jpeg") == "cat.jpg"
    assert clean_name("cat.JPEG", "image/jpeg") == "cat.JPEG"
