"""Mail by SMTP against a real server: encryption, authentication, refusals, silence; a code arrives."""

from __future__ import annotations

import asyncio
import contextlib
import re
from pathlib import Path

import pytest
from rig.house import open_house
from rig.postman import PASSWORD, USER, certificate, post_office

from server.config import Config
from server.deliverer import Delivered, Failed, Hopeless
from server.errors import ConfigError
from server.mail import Mail, MailError
from server.mail_courier import MailCourier
from server.smtp import SmtpMailer, SmtpOptions, Tls
from signaling.clock import SystemClock
from storage.outbox import Parcel

MAIL = Mail("lou@example.org", "Grüße: 5 €", "Guten Tag\n", "<p>Guten Tag</p>")


def mailer(port: int, tls: Tls = "none", ca_file: Path | str = "", **changed: object) -> SmtpMailer:
    options = {
        "host": "localhost", "port": port, "tls": tls, "user": "", "password": "",
        "sender": "no-reply@talk.example", "name": "Talktime", "ca_file": str(ca_file), "timeout_s": 5.0,
    }  # fmt: skip
    return SmtpMailer(SmtpOptions(**options | changed), SystemClock())  # type: ignore[arg-type]


async def refused(sender: SmtpMailer, mail: Mail = MAIL) -> MailError:
    with pytest.raises(MailError) as raised:
        await sender.send(mail)
    return raised.value


async def test_a_mail_arrives_whole() -> None:
    async with post_office() as postman:
        await mailer(postman.port).send(MAIL)
    (mail,) = postman.mails
    assert postman.recipients == ["lou@example.org"]
    assert mail["Subject"] == "Grüße: 5 €"
    assert mail["From"] == "Talktime <no-reply@talk.example>"
    assert mail["To"] == "lou@example.org"
    assert mail["Date"]
    assert mail["Auto-Submitted"] == "auto-generated"
    assert str(mail["Message-ID"]).endswith("@talk.example>")
    text, html = mail.get_body(("plain",)), mail.get_body(("html",))
    assert text is not None
    assert text.get_content().splitlines() == ["Guten Tag"]
    assert html is not None
    assert html.get_content().strip() == "<p>Guten Tag</p>"


@pytest.mark.parametrize("tls", ["starttls", "tls"])
async def test_encrypted_and_with_a_password(tmp_path: Path, tls: Tls) -> None:
    context, ca_file = certificate(tmp_path)
    async with post_office(context, implicit=tls == "tls", auth=True) as postman:
        await mailer(postman.port, tls, ca_file, user=USER, password=PASSWORD).send(MAIL)
        assert len(postman.mails) == 1
        error = await refused(mailer(postman.port, tls, ca_file, user=USER, password="wrong"))
        assert (error.code, error.passing) == ("mail.unavailable", True), "the operator will mend it"
        assert PASSWORD not in str(error)
        assert "wrong" not in str(error)
        assert len(postman.mails) == 1


@pytest.mark.parametrize("tls", ["starttls", "tls"])
async def test_a_certificate_that_nobody_vouches_for_is_not_believed(tmp_path: Path, tls: Tls) -> None:
    context, _ = certificate(tmp_path)
    other_context, other_name = certificate(tmp_path, "elsewhere.example")
    async with post_office(context, implicit=tls == "tls", auth=True) as postman:
        assert (await refused(mailer(postman.port, tls, user=USER, password=PASSWORD))).passing
        assert postman.logins == [], "the password was not told"
    async with post_office(other_context, implicit=tls == "tls") as postman:
        assert (await refused(mailer(postman.port, tls, other_name))).passing, "it is somebody else's"
        assert postman.mails == []


async def test_encryption_is_not_given_up(tmp_path: Path) -> None:
    """A server (or whoever sits before it) that offers no STARTTLS gets neither password nor mail."""
    async with post_office() as postman:
        error = await refused(mailer(postman.port, "starttls", user=USER, password=PASSWORD))
        assert (error.code, error.passing) == ("mail.unavailable", True)
        assert (postman.mails, postman.logins) == ([], [])


@pytest.mark.parametrize(
    ("answer", "code", "passing"),
    [
        ("550 5.1.1 no such mailbox", "mail.refused", False),
        ("553 5.1.3 bad address", "mail.refused", False),
        ("451 4.7.1 greylisted", "mail.unavailable", True),
        ("452 4.2.2 mailbox full", "mail.unavailable", True),
    ],
)
async def test_a_refused_recipient_is_told_from_a_delay(answer: str, code: str, passing: bool) -> None:
    async with post_office() as postman:
        postman.refusals["lou@example.org"] = answer
        error = await refused(mailer(postman.port))
    assert (error.code, error.passing) == (code, passing)
    assert postman.mails == []


async def test_a_server_that_is_silent_or_gone_is_given_up() -> None:
    async def say_nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            await reader.read()
        writer.close()

    server = await asyncio.start_server(say_nothing, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    error = await refused(mailer(port, timeout_s=0.2))
    assert (error.code, error.passing) == ("mail.unavailable", True)
    server.close()
    await server.wait_closed()
    assert (await refused(mailer(port))).code == "mail.unavailable"


@pytest.mark.parametrize("wrong", [{"to": "a@b.org\nBcc: c@d.org"}, {"subject": "Hi\r\nBcc: c@d.org"}])
def test_a_line_break_does_not_become_a_header(wrong: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="one line"):
        Mail(**{"to": "a@b.org", "subject": "Hi", "text": ""} | wrong)


def test_the_options_do_not_show_the_password() -> None:
    assert "secret" not in repr(SmtpOptions("h", 25, "none", "u", "secret", "a@b", "n"))


async def test_the_outbox_tries_again_what_may_pass_and_no_more() -> None:
    parcel = Parcel(1, "mail", "k", '{"to":"lou@example.org","subject":"s","text":"t"}', 1, 0)
    async with post_office() as postman:
        courier = MailCourier(mailer(postman.port))
        postman.refusals["lou@example.org"] = "451 4.7.1 greylisted"
        assert isinstance(await courier.deliver(parcel, last=False), Failed)
        postman.refusals["lou@example.org"] = "550 5.1.1 no such mailbox"
        assert isinstance(await courier.deliver(parcel, last=False), Hopeless)
        postman.refusals.clear()
        assert isinstance(await courier.deliver(parcel, last=False), Delivered)
    assert [mail["Subject"] for mail in postman.mails] == ["s"]


async def test_a_public_server_signs_people_in_by_mail(tmp_path: Path) -> None:
    context, ca_file = certificate(tmp_path)
    ours = {"X-Talktime-Csrf": "1"}
    async with post_office(context, auth=True) as postman:
        settings = {
            "public_url": "https://talk.example.com", "smtp_host": "localhost", "smtp_port": postman.port,
            "smtp_user": USER, "smtp_password": PASSWORD, "smtp_ca_file": str(ca_file),
            "mail_from": "no-reply@talk.example",
        }  # fmt: skip
        async with open_house(tmp_path / "data", **settings) as house:
            asked = await house.ask(
                "POST", "sign-in/codes", body={"address": "Lou@Example.org"}, headers=ours
            )
            assert asked.status == 201, asked.text
            found = re.match(r"(\d{3} \d{3}) is your code", str(postman.mails[0]["Subject"]))
            assert found is not None
            typed = {"ticket": asked.body["ticket"], "code": found[1]}
            done = await house.ask("POST", "sign-in", body=typed | {"name": "Lou"}, headers=ours)
            assert done.body["me"]["address"] == "lou@example.org"
            assert found[1] not in house.log.getvalue(), "no code in the log of a public server"
            assert PASSWORD not in house.log.getvalue()

            postman.refusals["nobody@example.org"] = "550 5.1.1 no such mailbox"
            for address, code in (
                ("nobody@example.org", "refused"),
                ("later@x.org", "unavailable"),
            ):
                postman.refusals["later@x.org"] = "451 4.7.1 later"
                reply = await house.ask("POST", "sign-in/codes", body={"address": address}, headers=ours)
                assert reply.code == f"mail.{code}"


def test_a_server_needs_a_sender() -> None:
    with pytest.raises(ConfigError, match="mail_from"):
        Config(smtp_host="mail.example.org")
    assert "hunter2" not in repr(Config(smtp_password="hunter2"))
