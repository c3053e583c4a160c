"""The default cap over HTTP: mine alone, and what a call gets of it."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import Any

import pytest
from rig.house import House, Wire, claims, open_house, until

from signaling.messages import WelcomeMessage


async def cap_of(house: House, **more: Any) -> int | None:
    """The cap that a new call with these wishes has."""
    call_id = secrets.token_hex(12)
    made = await house.ask("POST", "calls", house.sam, {"id": call_id, "host": "ada", **more})
    assert made.status == 201, made.text
    payer = Wire()
    assert house.services.desk.join(claims(call_id, "sam", "payer"), payer) is None
    await until(lambda: bool(payer.sent), "the payer is welcomed")
    assert isinstance(payer.sent[0], WelcomeMessage)
    await house.services.desk.end(call_id, "operator")
    await until(lambda: not house.services.desk.busy("ada"), "the expert is free again")
    cap_minor: int | None = payer.sent[0].meter.cap_minor
    return cap_minor


async def test_the_default_is_kept_and_given_to_each_call_unless_it_says_otherwise(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        house.online()
        assert (await house.ask("GET", "wallet/cap", house.sam)).body == {
            "cap_minor": None,
            "currency": "USD",
        }
        assert await cap_of(house) is None
        assert (await house.ask("POST", "wallet/cap", house.sam, {"cap_minor": 300})).status == 200
        assert await cap_of(house) == 300
        assert await cap_of(house, cap_minor=200) == 200
        assert await cap_of(house, no_cap=True) is None
    async with open_house(tmp_path) as house:
        assert (await house.ask("GET", "wallet/cap", house.sam)).body["cap_minor"] == 300
        assert (await house.ask("GET", "wallet/cap", house.kim)).body["cap_minor"] is None
        await house.ask("POST", "wallet/cap", house.sam, {"cap_minor": None})
        assert (await house.ask("GET", "wallet/cap", house.sam)).body["cap_minor"] is None


async def test_a_cap_that_buys_nothing_is_refused(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        house.online()
        order = {"id": secrets.token_hex(12), "host": "ada", "cap_minor": 1}
        assert (await house.ask("POST", "calls", house.sam, order)).code == "cap.too_low"


@pytest.mark.parametrize("body", [{}, {"cap_minor": 0}, {"cap_minor": -5}, {"cap_minor": 1.5}])
async def test_nonsense_is_refused(tmp_path: Path, body: dict[str, Any]) -> None:
    async with open_house(tmp_path) as house:
        assert (await house.ask("POST", "wallet/cap", house.sam, body)).code == "request.invalid"


async def test_it_is_the_client_s_own(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        for login, code in (
            (house.ada, "auth.forbidden"),
            (house.ola, "auth.forbidden"),
            ("", "auth.missing"),
        ):
            assert (await house.ask("GET", "wallet/cap", login)).code == code
            assert (await house.ask("POST", "wallet/cap", login, {"cap_minor": 9})).code == code
