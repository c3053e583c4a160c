"""Signing in over HTTP: codes by mail, choosing a profile, a guest's address, logins seen and revoked."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from rig.caller import Caller
from rig.house import House, Reply, open_house, until

from booking.people import Person
from server.mail import DevelopmentMailer
from signaling.clock import iso

OURS = {"X-Talktime-Csrf": "1"}
ADDRESS = "sam@example.org"


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with open_house(tmp_path, starts_per_hour=1_000) as house:
        yield house


async def post(house: House, path: str, body: object = None, **headers: str) -> Reply:
    return await house.ask("POST", path, body=body, headers=OURS | headers)


def mails(house: House) -> list[Any]:
    mailer = house.services.mailer
    assert isinstance(mailer, DevelopmentMailer)
    return [each.mail for each in mailer.kept]


async def ask_code(house: House, address: str = ADDRESS) -> dict[str, str]:
    """Ask for a code and read the mail: what to type in."""
    made = await post(house, "sign-in/codes", {"address": address})
    assert made.status == 201, made.text
    mail = mails(house)[-1]
    assert mail.to == address.strip().lower()
    found = re.search(r"^ +(\d{3} \d{3})$", mail.text, re.MULTILINE)
    assert found is not None
    return {"ticket": made.body["ticket"], "code": found[1]}


def wrong(typed: dict[str, str]) -> dict[str, str]:
    return typed | {"code": f"{(int(typed['code'].replace(' ', '')) + 1) % 10**6:06}"}


async def give_address(house: House, person_id: str, address: str = ADDRESS) -> None:
    await house.services.addresses.attach(person_id, address, "2026-01-01T00:00:00.000Z", "test")


async def test_an_address_with_one_profile_is_signed_in(house: House) -> None:
    await give_address(house, "sam")
    done = await post(house, "sign-in", await ask_code(house))
    assert done.status == 200
    assert done.body["me"]["id"] == "sam"
    me = (await house.ask("GET", "me")).body
    assert (me["id"], me["address"]) == ("sam", ADDRESS)


@pytest.mark.parametrize("form", ["{0}{1}", "{0} {1}", "{0}-{1}", " {0}{1} "])
async def test_the_code_may_be_typed_as_people_do(house: House, form: str) -> None:
    await give_address(house, "sam")
    typed = await ask_code(house, "  Sam@Example.ORG ")
    typed["code"] = form.format(*typed["code"].split())
    assert (await post(house, "sign-in", typed)).body["me"]["id"] == "sam"


async def test_a_code_serves_once(house: House) -> None:
    await give_address(house, "sam")
    typed = await ask_code(house)
    assert (await post(house, "sign-in", typed)).status == 200
    again = await post(house, "sign-in", typed)
    assert (again.status, again.code) == (410, "code.expired")


async def test_a_code_is_for_its_ticket_only(house: House) -> None:
    await give_address(house, "sam")
    first, second = await ask_code(house), await ask_code(house)
    crossed = await post(house, "sign-in", {"ticket": first["ticket"], "code": wrong(first)["code"]})
    assert crossed.code == "code.wrong"
    mixed = await post(house, "sign-in", {"ticket": "nobodys-ticket", "code": second["code"]})
    assert mixed.code == "code.expired"
    assert (await post(house, "sign-in", second)).status == 200


async def test_guesses_are_bounded_and_the_right_code_comes_too_late(house: House) -> None:
    await give_address(house, "sam")
    typed = await ask_code(house)
    codes = [(await post(house, "sign-in", wrong(typed))).code for _ in range(5)]
    assert codes == ["code.wrong"] * 4 + ["code.expired"]
    assert (await post(house, "sign-in", typed)).code == "code.expired"
    assert "Set-Cookie" not in (await post(house, "sign-in", typed)).headers


async def test_a_code_is_good_for_ten_minutes(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        await give_address(house, "sam")
        typed = await ask_code(house)
        guess = house.services.codes.guess(typed["ticket"], typed["code"])
        store = house.services.code_store
        wall = house.services.clock.wall()
        for minutes, outcome in ((9, False), (11, True)):
            now = (wall + timedelta(minutes=minutes)).isoformat(timespec="milliseconds")[:-6] + "Z"
            found = await store.look(type(guess)(guess.ticket, guess.code_hash, now))
            assert (found == "code.expired") is outcome


async def test_nobody_learns_whether_an_address_is_known(house: House) -> None:
    await give_address(house, "sam")
    known = await post(house, "sign-in/codes", {"address": ADDRESS})
    unknown = await post(house, "sign-in/codes", {"address": "nobody@example.org"})
    assert known.status == unknown.status == 201
    assert set(known.body) == set(unknown.body)
    assert len(known.body["ticket"]) == len(unknown.body["ticket"])
    assert [mail.to for mail in mails(house)] == [ADDRESS, "nobody@example.org"]
    for reply in (known, unknown):
        guess = await post(house, "sign-in", {"ticket": reply.body["ticket"], "code": "000 000"})
        assert guess.code == "code.wrong"


async def test_an_unknown_address_starts_as_a_client_with_a_name(house: House) -> None:
    typed = await ask_code(house, "lou@example.org")
    looked = await post(house, "sign-in", typed)
    assert looked.body == {"me": None, "profiles": []}
    assert "Set-Cookie" not in looked.headers
    done = await post(house, "sign-in", typed | {"name": "Lou", "currency": "EUR"})
    me = done.body["me"]
    assert (me["name"], me["role"], me["address"]) == ("Lou", "client", "lou@example.org")
    assert (await house.ask("GET", "wallet")).body["currency"] == "EUR"


async def test_an_address_with_several_profiles_chooses(house: House) -> None:
    for person in ("sam", "ada", "ola"):
        await give_address(house, person)
    typed = await ask_code(house)
    looked = await post(house, "sign-in", typed)
    assert looked.body["me"] is None
    assert {(each["id"], each["role"]) for each in looked.body["profiles"]} == {
        ("sam", "client"), ("ada", "expert"), ("ola", "operator"),
    }  # fmt: skip
    assert (await house.ask("GET", "me")).code == "auth.missing", "nobody yet"
    other = await post(house, "sign-in", typed | {"profile": "kim"})
    assert (other.status, other.code) == (404, "profile.unknown")
    assert (await post(house, "sign-in", typed | {"profile": "ada"})).body["me"]["role"] == "expert"
    assert (await house.ask("GET", "operator/overview")).code == "auth.forbidden"


async def test_a_guest_adds_an_address_and_keeps_the_wallet(house: House) -> None:
    guest = (await post(house, "clients", {"name": "Lou"})).body
    order = {"id": "x" * 20, "amount_minor": 500, "currency": "USD"}
    assert (await post(house, "wallet/top-ups", order)).status == 201
    typed = await ask_code(house, "lou@example.org")
    refused = await post(house, "sign-in", typed)
    assert (refused.status, refused.code) == (409, "login.guest"), "the wallet would be lost"
    added = await post(house, "address", typed)
    assert (added.body["id"], added.body["address"]) == (guest["id"], "lou@example.org")
    assert (await post(house, "sign-out")).body == {"revoked": 1}
    assert (await house.ask("GET", "me")).code == "auth.missing"

    back = await post(house, "sign-in", await ask_code(house, "lou@example.org"))
    assert back.body["me"]["id"] == guest["id"]
    assert (await house.ask("GET", "wallet")).body["available_minor"] == 500


async def test_an_expert_without_an_address_is_not_dropped_either(house: House) -> None:
    ada = await elsewhere(house, "ada")
    refused = await house.ask("POST", "sign-in", body=await ask_code(house), headers=ada)
    assert refused.code == "login.guest"
    await give_address(house, "ada", "ada@example.org")
    assert (await house.ask("POST", "sign-in", body=await ask_code(house), headers=ada)).status == 200


async def test_the_address_before_hears_of_the_change(house: House) -> None:
    await give_address(house, "sam")
    await post(house, "sign-in", await ask_code(house))
    changed = await post(house, "address", await ask_code(house, "new@example.org"))
    assert changed.body["address"] == "new@example.org"
    await until(lambda: mails(house)[-1].to == ADDRESS, "the old address is told")
    assert "changed" in mails(house)[-1].subject
    assert (await post(house, "sign-in", await ask_code(house))).body["profiles"] == [], "it is nobody's now"


async def test_a_code_of_somebody_else_adds_nothing(house: House) -> None:
    typed = await ask_code(house, "lou@example.org")
    headers = {"Authorization": f"Bearer {house.sam}"}
    for _ in range(4):
        assert (await post(house, "address", wrong(typed), **headers)).code == "code.wrong"
    assert (await house.ask("GET", "me", house.sam)).body["address"] == ""


@pytest.mark.parametrize(
    "address",
    ["", "x", "x@", "@x", "a b@x.org", "a@b@c.org", "a@x.org\nBcc: b@y.org", "a@-x.org", "a@x..org",
     "x" * 65 + "@x.org", "a@" + "x." * 130 + "org", "ä@x.org", "<a@x.org>", "a@x.org,b@y.org"],
)  # fmt: skip
async def test_what_is_no_address_gets_no_mail(house: House, address: str) -> None:
    refused = await post(house, "sign-in/codes", {"address": address})
    assert refused.code in {"address.invalid", "request.invalid"}
    assert mails(house) == []


async def test_one_address_gets_a_few_codes_an_hour(house: House) -> None:
    for _ in range(5):
        await ask_code(house)
    refused = await post(house, "sign-in/codes", {"address": ADDRESS})
    assert (refused.status, refused.code) == (429, "request.rate")
    assert int(refused.headers["Retry-After"]) > 60
    assert len(mails(house)) == 5
    await ask_code(house, "kim@example.org")


async def test_one_network_address_is_bounded_in_codes_and_in_guesses(tmp_path: Path) -> None:
    async with open_house(tmp_path, starts_per_hour=3) as house:
        for number in range(3):
            typed = await ask_code(house, f"p{number}@example.org")
        refused = await post(house, "sign-in/codes", {"address": "more@example.org"})
        assert refused.code == "request.rate"
        guesses = [(await post(house, "sign-in", wrong(typed))).code for _ in range(4)]
        assert guesses == ["code.wrong"] * 3 + ["request.rate"]


async def test_neither_code_nor_ticket_is_kept_readable(house: House) -> None:
    typed = await ask_code(house)
    stored = b"".join(path.read_bytes() for path in house.config.data_path.glob("talktime.db*"))
    for code in (typed["code"], typed["code"].replace(" ", "")):
        assert code.encode() not in stored


# -- logins ------------------------------------------------------------------------------------------------


async def elsewhere(house: House, person_id: str, agent: str = "") -> dict[str, str]:
    """Another browser that is logged in as the person: its headers."""
    cookie = await house.services.browser_logins.open(person_id, agent, "test")
    return OURS | {"Cookie": f"talktime={cookie}"}


async def test_logins_are_seen_and_revoked_one_by_one(house: House) -> None:
    phone = await elsewhere(house, "sam", "Mozilla/5.0 (iPhone) AppleWebKit Version/18 Safari/605")
    laptop = await elsewhere(house, "sam", "Mozilla/5.0 (X11; Linux x86_64) Chrome/150 Safari/537")
    mine = (await house.ask("GET", "logins", headers=laptop)).body["logins"]
    assert {(each["device"], each["current"]) for each in mine} == {
        ("Safari on iPhone", False), ("Chrome on Linux", True),
    }  # fmt: skip
    lost = next(each["id"] for each in mine if not each["current"])
    gone = await house.ask("POST", f"logins/{lost}/revoke", headers=laptop)
    assert gone.body == {"revoked": 1}
    assert (await house.ask("GET", "me", headers=phone)).code == "auth.expired"
    assert (await house.ask("GET", "me", headers=laptop)).status == 200
    assert (await house.ask("POST", f"logins/{lost}/revoke", headers=laptop)).code == "login.unknown"


@pytest.mark.parametrize("but_this", [True, False])
async def test_all_logins_are_revoked_at_once(house: House, but_this: bool) -> None:
    browsers = [await elsewhere(house, "sam") for _ in range(3)]
    other = await elsewhere(house, "kim")
    done = await house.ask("POST", "logins/revoke", body={"but_this": but_this}, headers=browsers[0])
    assert done.body == {"revoked": 2 if but_this else 3}
    codes = [(await house.ask("GET", "me", headers=each)).status for each in browsers]
    assert codes == [200 if but_this else 401, 401, 401]
    assert (await house.ask("GET", "me", headers=other)).status == 200, "others are not concerned"


async def test_nobody_sees_or_revokes_the_logins_of_others(house: House) -> None:
    sams = await elsewhere(house, "sam")
    login_id = (await house.ask("GET", "logins", headers=sams)).body["logins"][0]["id"]
    for person in ("kim", "ada", "ola"):
        other = await elsewhere(house, person)
        listed = (await house.ask("GET", "logins", headers=other)).body["logins"]
        assert login_id not in [each["id"] for each in listed]
        refused = await house.ask("POST", f"logins/{login_id}/revoke", headers=other)
        assert refused.code == "login.unknown"
    assert (await house.ask("GET", "logins")).code == "auth.missing"
    assert (await house.ask("GET", "me", headers=sams)).status == 200


async def test_a_login_ends_by_itself(tmp_path: Path) -> None:
    async with open_house(tmp_path, login_days=1) as house:
        browser = await elsewhere(house, "sam")
        token = browser["Cookie"].partition("=")[2]
        from server.browser_logins import token_hash  # noqa: PLC0415

        store = house.services.browser_logins._store
        wall = house.services.clock.wall()
        for hours, good in ((23, True), (25, False)):
            now = (wall + timedelta(hours=hours)).isoformat(timespec="milliseconds")[:-6] + "Z"
            assert (await store.by_token(token_hash(token), now) is not None) is good


async def test_a_page_whose_login_was_ended_hears_nothing_more(house: House) -> None:
    """A page that is open holds a connection: it would ring, and take calls, without ever asking again."""
    presence, laptop = house.services.desk.presence, await elsewhere(house, "ada")
    for ended in ("logins/revoke", "sign-out"):
        here = Caller(house.url, house.ada, "Ada"), Caller(house.url, house.grace, "Grace")
        async with here[0] as ada, here[1] as grace:
            await ada.be_present()
            await grace.be_present()
            await elsewhere(house, "ada")
            body = {} if ended == "logins/revoke" else None
            assert (await house.ask("POST", ended, body=body, headers=laptop)).body["revoked"] == 1
            # Whose login a connection came by, nobody knows any more: all of Ada's are cut.
            await until(lambda: not presence.is_there("ada"), "no page of Ada's is connected")
            assert presence.is_there("grace")
            await ada.hang_down()
            await ada.be_present()
            assert presence.is_there("ada"), "whose login is good comes back"


async def test_a_login_that_is_used_goes_on(house: House) -> None:
    """A guest has nothing but this browser to come back to their money with."""
    browser = await elsewhere(house, "sam")
    assert "Set-Cookie" not in (await house.ask("GET", "me", headers=browser)).headers, "it is young"
    browser = await elsewhere(house, "kim")
    soon = iso(house.services.clock.wall() + timedelta(days=2))

    def grow_old(transaction: Any) -> None:
        transaction.raw.execute("UPDATE logins SET expires_at = ? WHERE person_id = 'kim'", (soon,))

    await house.life.database.write(grow_old)
    told = await house.ask("GET", "me", headers=browser)
    assert f"talktime={browser['Cookie'].partition('=')[2]}; " in told.headers["Set-Cookie"]
    assert f"Max-Age={30 * 86_400}" in told.headers["Set-Cookie"]
    [mine] = (await house.ask("GET", "logins", headers=browser)).body["logins"]
    assert mine["expires_at"] > iso(house.services.clock.wall() + timedelta(days=29))
    assert "Set-Cookie" not in (await house.ask("GET", "me", headers=browser)).headers, "once is enough"


async def test_signing_out_without_a_login_is_no_mistake(house: House) -> None:
    assert (await post(house, "sign-out")).body == {"revoked": 0}


async def test_a_person_has_fifty_logins_at_most(house: House) -> None:
    first = await elsewhere(house, "sam")
    for _ in range(50):
        last = await elsewhere(house, "sam")
    assert (await house.ask("GET", "me", headers=first)).code == "auth.expired"
    assert len((await house.ask("GET", "logins", headers=last)).body["logins"]) == 50


# -- what is written down ----------------------------------------------------------------------------------


async def test_the_operator_reads_the_audit_log(house: House) -> None:
    await give_address(house, "sam")
    await post(house, "sign-in", await ask_code(house))
    page = (await house.ask("GET", "operator/audit?about=sam", house.ola)).body
    assert [line["action"] for line in page["lines"]] == ["login.opened", "address.added"]
    assert ADDRESS not in str(page), "the address is masked"
    assert page["before"] is None
    only = (await house.ask("GET", "operator/audit?action=address.", house.ola)).body["lines"]
    assert {line["action"] for line in only} == {"address.added"}
    bad = await house.ask("GET", "operator/audit?before=x", house.ola)
    assert bad.code == "request.invalid"
    for login in (house.sam, house.ada):
        assert (await house.ask("GET", "operator/audit", login)).code == "auth.forbidden"
    assert (await house.ask("GET", "operator/audit", headers={"Cookie": "a=b"})).status in {401, 403}


async def test_the_audit_log_is_read_page_by_page(house: House) -> None:
    for number in range(130):
        await house.services.audit_log.note("2026-01-01T00:00:00.000Z", "sam", "test.line", f"s{number}")
    first = (await house.ask("GET", "operator/audit?about=sam", house.ola)).body
    second = (await house.ask("GET", f"operator/audit?about=sam&before={first['before']}", house.ola)).body
    seen = [line["subject"] for line in first["lines"] + second["lines"]]
    assert seen == [f"s{number}" for number in reversed(range(130))]
    assert second["before"] is None


async def test_kept_mail_is_for_local_servers(house: House) -> None:
    typed = await ask_code(house)
    kept = (await house.ask("GET", "development/mails")).body["mails"]
    assert typed["code"] in kept[0]["subject"]
    assert typed["code"] in house.log.getvalue(), "and in the log"


async def test_kept_mail_is_for_people_at_this_machine(house: House) -> None:
    """A tunnel that shows a local server to the world does not show its codes; nor does a page elsewhere."""
    await ask_code(house)
    for headers in ({"Host": "abc.tunnel.example"}, {"X-Forwarded-For": "192.0.2.1"}, {"Via": "1.1 proxy"}):
        refused = await house.ask("GET", "development/mails", headers=headers)
        assert (refused.status, refused.code) == (403, "development.refused")
    kept = await house.ask("GET", "development/mails", headers={"Origin": "https://evil.example"})
    assert "Access-Control-Allow-Origin" not in kept.headers
    assert "Access-Control-Allow-Origin" in (await house.ask("GET", "experts/ada")).headers


async def test_a_public_server_shows_and_logs_no_code(tmp_path: Path) -> None:
    async with open_house(tmp_path, public_url="https://talk.example.com") as house:
        refused = await house.ask("GET", "development/mails")
        assert (refused.status, refused.code) == (403, "development.refused")
        unsent = await post(house, "sign-in/codes", {"address": ADDRESS})
        assert (unsent.status, unsent.code) == (503, "mail.unavailable")
        assert "is your code" not in house.log.getvalue()


async def test_a_person_who_left_the_house_is_nobody(house: House) -> None:
    await house.services.people.add(Person("zed", "client", "Zed", "USD"))
    zed = await elsewhere(house, "zed")
    assert (await house.ask("GET", "me", headers=zed)).status == 200

    def remove(transaction: Any) -> None:
        transaction.raw.execute("DELETE FROM logins WHERE person_id = 'zed'")
        transaction.raw.execute("DELETE FROM people WHERE id = 'zed'")

    await house.life.database.write(remove)
    assert (await house.ask("GET", "me", headers=zed)).code == "auth.expired"


async def test_twenty_uses_of_one_code_at_once_open_one_login(house: House) -> None:
    await give_address(house, "sam")
    typed = await ask_code(house)
    replies = await asyncio.gather(*(post(house, "sign-in", typed) for _ in range(20)))
    assert sorted(reply.status for reply in replies) == [200] + [410] * 19
    assert len(await house.services.browser_logins.of("sam")) == 1


async def test_guesses_at_once_are_not_more_than_guesses_in_turn(house: House) -> None:
    typed = await ask_code(house)
    replies = await asyncio.gather(*(post(house, "sign-in", wrong(typed)) for _ in range(20)))
    assert [reply.code for reply in replies].count("code.wrong") == 4


async def test_signing_in_again_ends_this_browsers_login_before(house: House) -> None:
    await give_address(house, "sam")
    await give_address(house, "ada", "ada@example.org")
    await post(house, "sign-in", await ask_code(house))
    await post(house, "sign-in", await ask_code(house, "ada@example.org"))
    assert (await house.ask("GET", "me")).body["id"] == "ada"
    assert await house.services.browser_logins.of("sam") == []
