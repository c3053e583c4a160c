"""Every message of the protocol, by everybody who may be connected: who may not say it is refused by a code.

The table is held against the protocol: a message that is added fails here until it is said whose it is.
Strangers, forged and expired tokens do not get as far: see test_signaling_abuse.
"""

from __future__ import annotations

from typing import Any, get_args

import pytest
from rig.gateway import House, Voice, open_house, until

from signaling.messages import ClientMessage

CALL = "call-0000000000000000"
OURS = "call-two000000000000"
BODIES: dict[str, dict[str, Any]] = {
    "offer": {"n": 1, "sdp": "v=0\r\n", "publish": [], "subscribe": []},
    "pause": {}, "resume": {}, "leave": {}, "leave_line": {},
    "cap": {"cap_minor": 500},
    "gift": {"ms": 60_000},
    "state": {"mic": True, "camera": False, "screen": False},
    "chat": {"id": "line-0000000000000000", "text": "Hello"},
    "accept": {"call": CALL},
    "decline": {"call": CALL},
}  # fmt: skip
UNKNOWN, FORBIDDEN = "message.unknown", "role.forbidden"
IN_PRESENCE = dict.fromkeys(("accept", "decline"), UNKNOWN)
IN_LINE = {"leave_line": UNKNOWN}
REFUSED = {
    "payer": {"gift": FORBIDDEN} | IN_PRESENCE | IN_LINE,
    "host": {"cap": FORBIDDEN} | IN_PRESENCE | IN_LINE,
    "guest": dict.fromkeys(("pause", "resume", "cap", "gift", "chat"), FORBIDDEN) | IN_PRESENCE | IN_LINE,
    # The page of an expert who is called by nobody: the call is another expert's.
    "page": dict.fromkeys(("accept", "decline"), "call.not_yours")
    | dict.fromkeys(BODIES.keys() - {"accept", "decline"}, UNKNOWN),
}


def test_the_table_has_every_message() -> None:
    tags = {each.__struct_config__.tag for each in get_args(ClientMessage)}
    assert tags == set(BODIES)


async def speaker(house: House, who: str) -> Voice:
    """Somebody of a call that runs, or the page of its host."""
    _, page, payer, host = await house.talking(OURS, "payer2", "host2")
    if who == "guest":
        given = house.desk.guest_token(OURS, "g", "Gus")
        assert isinstance(given, tuple)
        guest = await house.voice().come({"token": given[0]})
        await guest.hears("welcome")
        return guest
    return {"payer": payer, "host": host, "page": page}[who]


@pytest.mark.parametrize("who", REFUSED)
async def test_what_is_not_theirs_is_refused(who: str) -> None:
    async with open_house() as house:
        call, _, payer, host = await house.talking()
        assert call == CALL
        voice = await speaker(house, who)
        for message, code in sorted(REFUSED[who].items()):
            before = len(voice.codes())
            await voice.say(message, BODIES[message])
            await until(lambda before=before: len(voice.codes()) > before, f"{who} is answered: {message}")
            assert voice.codes()[-1] == code, f"{message} by {who}"
        assert house.desk.view(OURS).state == "open"
        assert house.desk.view(CALL).state == "open", "nobody reaches the call beside it"
        assert payer.codes() == host.codes() == []
