"""Websites with the widget over HTTP: whose they are, where they may show whom, and who comes in by them."""

from __future__ import annotations

import re
import secrets
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import jwt
import pytest
from rig.house import House, Reply, open_house

from server.embed import LIFE_S, PLACE

SHOP = "https://shop.example"
STATIONER = "https://stationer.example"


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    build = tmp_path / "build"
    build.mkdir()
    (build / "embed.html").write_text(f"<!doctype html><head>{PLACE}</head>")
    (build / "embed.js").write_text("export {};")
    async with open_house(tmp_path / "data", web_folder=str(build)) as house:
        yield house


async def add(house: House, login: str = "", *origins: str) -> Any:
    """A site of Ada's, or of whoever logs in: {"site": …, "secret": …}."""
    order = {"id": secrets.token_hex(12), "name": "The shop", "origins": list(origins or [SHOP])}
    reply = await house.ask("POST", "sites", login or house.ada, order)
    assert reply.status == 201, reply.text
    return reply.body


async def page(house: House, origin: str = SHOP, slug: str = "ada", **headers: str) -> Reply:
    return await house.ask("GET", f"/embed/{slug}?origin={origin}", headers=headers)


def embed_of(reply: Reply) -> str:
    found = re.search(r'name="talktime-embed" content="([^"]+)"', reply.text)
    assert found is not None, reply.text
    return found[1]


def vouch(house: House, site: Any, **changes: Any) -> str:
    now_s = int(house.services.clock.wall().timestamp())
    claims = {
        "iss": site["site"]["id"], "aud": site["site"]["audience"], "sub": "user-7", "name": "Sam",
        "iat": now_s, "exp": now_s + 120, "jti": secrets.token_hex(8),
    } | changes  # fmt: skip
    return jwt.encode(claims, site["secret"], "HS256")


async def start(house: House, embed: str, **order: str) -> Reply:
    return await house.ask("POST", "embed/sessions", body={"embed": embed, **order})


# -- whose sites ---------------------------------------------------------------------------------------------


async def test_a_site_is_made_with_a_secret_that_is_told_once(house: House) -> None:
    order = {"id": secrets.token_hex(12), "name": "The shop", "origins": ["https://Shop.example/", SHOP]}
    made = await house.ask("POST", "sites", house.ada, order)
    assert made.status == 201
    assert made.body["site"]["origins"] == [SHOP]
    assert re.fullmatch(r"ttsk_[\w-]{43}", made.body["secret"])
    listed = await house.ask("GET", "sites", house.ada)
    assert listed.body == {"sites": [made.body["site"]]}
    again = await house.ask("POST", "sites", house.ada, order)
    assert (again.status, again.body["secret"]) == (201, ""), "a retry makes nothing and tells nothing"
    assert len((await house.ask("GET", "sites", house.ada)).body["sites"]) == 1
    stored = (house.config.data_path / "talktime.db").read_bytes()
    wal = house.config.data_path / "talktime.db-wal"
    stored += wal.read_bytes() if wal.exists() else b""
    assert order["id"].encode() in stored
    assert made.body["secret"].encode() not in stored, "the database alone does not tell it"
    assert made.body["secret"] not in house.log.getvalue()


@pytest.mark.parametrize("origin", ["http://shop.example", "https://shop.example/x", "*", "https://a b"])
async def test_only_origins_are_taken(house: House, origin: str) -> None:
    order = {"id": secrets.token_hex(12), "name": "The shop", "origins": [origin]}
    assert (await house.ask("POST", "sites", house.ada, order)).code == "site.origins"
    site = (await add(house))["site"]
    changed = await house.ask("POST", f"sites/{site['id']}/origins", house.ada, {"origins": [origin]})
    assert changed.code == "site.origins"
    assert (await house.ask("GET", "sites", house.ada)).body["sites"][0]["origins"] == [SHOP]


@pytest.mark.parametrize("name", ["\u0005", "A\u009ashop", "\u202epohs", "A\nshop"])
async def test_a_name_that_cannot_be_printed_is_refused(house: House, name: str) -> None:
    order = {"id": secrets.token_hex(12), "name": name, "origins": []}
    refused = await house.ask("POST", "sites", house.ada, order)
    assert (refused.status, refused.code) == (422, "request.invalid")


async def test_one_owner_has_so_many_sites_and_no_more(house: House) -> None:
    for _ in range(20):
        await add(house)
    order = {"id": secrets.token_hex(12), "name": "One more", "origins": [SHOP]}
    assert (await house.ask("POST", "sites", house.ada, order)).code == "site.limit"
    assert (await house.ask("POST", "sites", house.grace, order)).status == 201


async def test_to_everybody_else_a_site_does_not_exist(house: House) -> None:
    site = (await add(house))["site"]
    paths = {"origins": {"origins": []}, "secret": None, "revoke": None}
    expired = house.services.logins._seal  # the codec of this house, for a login that is genuine and too old
    from server.auth import LoginClaims  # noqa: PLC0415

    old = expired(LoginClaims(p="ada", r="expert", x=1))
    for login, codes in {
        "": {"auth.missing"}, house.sam: {"auth.forbidden"}, house.grace: {"site.unknown"},
        house.ola: {"site.unknown"}, old: {"auth.expired"}, "nonsense": {"auth.malformed"},
    }.items():  # fmt: skip
        for path, body in paths.items():
            reply = await house.ask("POST", f"sites/{site['id']}/{path}", login, body)
            assert reply.code in codes, (login, path)
    for login, code in {"": "auth.missing", house.sam: "auth.forbidden", old: "auth.expired"}.items():
        assert (await house.ask("GET", "sites", login)).code == code
        order = {"id": secrets.token_hex(12), "name": "Mine", "origins": []}
        assert (await house.ask("POST", "sites", login, order)).code == code
    assert (await house.ask("GET", "sites", house.grace)).body == {"sites": []}
    taken = {"id": site["id"], "name": "Mine now", "origins": [SHOP]}
    assert (await house.ask("POST", "sites", house.grace, taken)).code == "site.exists"
    assert (await house.ask("GET", "sites", house.ada)).body["sites"] == [site]


# -- the page in the frame -----------------------------------------------------------------------------------


async def test_the_page_may_be_framed_by_the_listed_origin_alone(house: House) -> None:
    await add(house, "", SHOP, STATIONER)
    shown = await page(house)
    assert shown.status == 200
    policy = shown.headers["Content-Security-Policy"]
    assert f"frame-ancestors {SHOP}" in policy.split("; ")
    assert "script-src 'self'" in policy.split("; ")
    assert STATIONER not in policy, "one website does not learn of the others"
    assert "X-Frame-Options" not in shown.headers
    assert shown.headers["Cache-Control"] == "no-store"
    by_referer = await house.ask("GET", "/embed/ada", headers={"Referer": f"{STATIONER}/page?x=1"})
    assert f"frame-ancestors {STATIONER}" in by_referer.headers["Content-Security-Policy"]


@pytest.mark.parametrize(
    "origin",
    ["https://evil.example", "http://shop.example", "https://shop.example.evil.example", "*", "null", "",
     "https://shop.example;%20script-src%20*", "%22%3E%3Cscript%3E"],
)  # fmt: skip
async def test_elsewhere_there_is_no_page_and_no_token(house: House, origin: str) -> None:
    await add(house)
    refused = await page(house, origin)
    assert refused.status == 403
    assert "frame-ancestors 'none'" in refused.headers["Content-Security-Policy"]
    assert refused.headers["X-Frame-Options"] == "DENY"
    assert "talktime-embed" not in refused.text
    assert "<script" not in refused.text


async def test_every_other_page_is_framed_by_nobody(house: House) -> None:
    await add(house)
    for path in ("/", "/call/ada", "/expert", "/api/v1/experts/ada"):
        answer = await house.ask("GET", path)
        assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"], path
        assert answer.headers["X-Frame-Options"] == "DENY"
    assert (await page(house, slug="nobody")).status == 404


async def test_an_experts_site_shows_the_expert_and_an_operators_site_everybody(house: House) -> None:
    await add(house)
    assert (await page(house, slug="grace")).status == 403, "Ada's website may not show Grace"
    await add(house, house.ola, STATIONER)
    for slug in ("ada", "grace"):
        assert (await page(house, STATIONER, slug)).status == 200


async def test_the_script_is_for_pages_of_every_origin(house: House) -> None:
    script = await house.ask("GET", "/embed.js")
    assert script.status == 200
    assert script.headers["Access-Control-Allow-Origin"] == "*"
    assert script.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert "javascript" in script.headers["Content-Type"]
    face = await house.ask("GET", "experts/ada")
    assert face.headers["Access-Control-Allow-Origin"] == "*"
    for path in ("me", "wallet", "calls", "sites"):
        for login in ("", house.sam, house.ada):
            assert "Access-Control-Allow-Origin" not in (await house.ask("GET", path, login)).headers


# -- who comes in --------------------------------------------------------------------------------------------


async def test_a_guest_begins_with_a_name_and_a_wallet_of_its_own(house: House) -> None:
    await add(house)
    embed = embed_of(await page(house))
    one, other = [(await start(house, embed, name=" Kim ")).body for _ in range(2)]
    me = (await house.ask("GET", "me", one["token"])).body
    assert (me["role"], me["name"], one["kind"]) == ("client", "Kim", "guest")
    assert (await house.ask("GET", "me", other["token"])).body["id"] != me["id"]
    assert (await house.ask("GET", "wallet", one["token"])).body["available_minor"] == 0
    assert (await start(house, embed)).code == "request.invalid"
    assert (await start(house, embed, name="a\u0000b")).code == "request.invalid"


async def test_a_token_of_the_page_is_for_its_place_and_time(house: House) -> None:
    site = (await add(house))["site"]
    embed = embed_of(await page(house))
    assert (await start(house, "x.y", name="Eve")).code == "embed.forged"
    assert (await start(house, embed[:-3] + "AAA", name="Eve")).code == "embed.forged"
    assert (await start(house, house.sam, name="Eve")).code == "embed.forged", "a login is no token of a page"
    assert (await house.ask("GET", "me", embed)).status == 401, "nor is a page's token a login"
    claims = house.services.embeds.read(embed)
    assert claims.x - int(house.services.clock.wall().timestamp()) <= LIFE_S

    await house.ask("POST", f"sites/{site['id']}/origins", house.ada, {"origins": [STATIONER]})
    assert (await start(house, embed, name="Kim")).code == "embed.origin", (
        "an old page on a site that is gone"
    )
    await house.ask("POST", f"sites/{site['id']}/origins", house.ada, {"origins": [SHOP]})
    assert (await start(house, embed, name="Kim")).status == 201
    await house.ask("POST", f"sites/{site['id']}/revoke", house.ada)
    assert (await start(house, embed, name="Kim")).code == "embed.origin"
    assert (await page(house)).status == 403
    assert (await house.ask("GET", "sites", house.ada)).body == {"sites": []}
    await add(house, house.ola)
    assert (await page(house)).status == 200
    assert (await start(house, embed, name="Kim")).code == "embed.origin", (
        "another site's page is another page"
    )


async def test_a_page_that_was_open_for_too_long_begins_nothing(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    await add(house)
    embed = embed_of(await page(house))
    later = house.services.clock.wall() + timedelta(seconds=LIFE_S + 1)
    monkeypatch.setattr(type(house.services.clock), "wall", lambda _self: later)
    assert (await start(house, embed, name="Kim")).code == "embed.expired"


async def test_one_page_does_not_make_guests_without_end(tmp_path: Path) -> None:
    build = tmp_path / "build"
    build.mkdir()
    (build / "embed.html").write_text(PLACE)
    async with open_house(tmp_path / "data", web_folder=str(build), starts_per_hour=5) as house:
        await add(house)
        embed = embed_of(await page(house))
        statuses = [(await start(house, embed, name="Kim")).status for _ in range(7)]
        assert statuses == [201] * 5 + [429] * 2


async def test_a_sites_own_user_is_one_person_for_ever(house: House) -> None:
    site = await add(house)
    embed = embed_of(await page(house))

    async def person(**changes: Any) -> Any:
        reply = await start(house, embed, jwt=vouch(house, site, **changes))
        assert reply.status == 201, reply.text
        assert reply.body["kind"] == "user"
        return (await house.ask("GET", "me", reply.body["token"])).body

    first = await person()
    assert (first["role"], first["name"]) == ("client", "Sam")
    assert (await person()) == first
    renamed = await person(name="Samantha", mail="sam@example.org")
    assert renamed == first | {"name": "Samantha"}
    assert (await person(sub="user-8"))["id"] != first["id"]

    other = await add(house, house.grace, STATIONER)
    stranger = await start(house, embed_of(await page(house, STATIONER, "grace")), jwt=vouch(house, other))
    assert (await house.ask("GET", "me", stranger.body["token"])).body["id"] != first["id"], (
        "the same id elsewhere"
    )


async def test_what_a_website_says_counts_once_and_only_from_itself(house: House) -> None:
    site = await add(house)
    embed = embed_of(await page(house))
    token = vouch(house, site)
    assert (await start(house, embed, jwt=token)).status == 201
    assert (await start(house, embed, jwt=token)).code == "jwt.reused"
    other = await add(house, house.grace, STATIONER)
    assert (await start(house, embed, jwt=vouch(house, other))).code == "jwt.forged"
    assert (await start(house, embed, jwt=vouch(house, {**other, "site": site["site"]}))).code == "jwt.forged"
    now_s = int(house.services.clock.wall().timestamp())
    assert (
        await start(house, embed, jwt=vouch(house, site, iat=now_s - 60, exp=now_s - 1))
    ).code == "jwt.expired"
    assert (await start(house, embed, jwt=vouch(house, site, exp=now_s + 3_600))).code == "jwt.claims"
    assert (await start(house, embed, jwt=vouch(house, site, sub=""))).code == "jwt.claims"
    assert (await start(house, embed, jwt="nonsense")).code == "jwt.malformed"


async def test_a_new_secret_ends_the_old_one(house: House) -> None:
    site = await add(house)
    embed = embed_of(await page(house))
    renewed = await house.ask("POST", f"sites/{site['site']['id']}/secret", house.ada)
    assert renewed.status == 201
    assert renewed.body["secret"] not in {"", site["secret"]}
    assert (await start(house, embed, jwt=vouch(house, site))).code == "jwt.forged"
    assert (await start(house, embed, jwt=vouch(house, renewed.body))).status == 201


async def test_a_person_of_the_widget_can_pay_and_call(house: House) -> None:
    site = await add(house)
    login = (await start(house, embed_of(await page(house)), jwt=vouch(house, site))).body["token"]
    top_up = {"id": secrets.token_hex(12), "amount_minor": 500, "currency": "USD"}
    assert (await house.ask("POST", "wallet/top-ups", login, top_up)).status == 201
    talk = await house.talk(login)
    await talk.hang_up()
    calls = (await house.ask("GET", "calls", login)).body["calls"]
    assert [call["id"] for call in calls] == [talk.call_id]
    assert (await house.ask("GET", f"calls/{talk.call_id}", house.sam)).code == "call.unknown"
