"""STUN: the same bits as aioice, and garbage is refused."""

from __future__ import annotations

import os
import random

import pytest
from aioice import stun as theirs

from media import stun

PASSWORD = b"a-password-of-22-bytes"


def their_request(**attributes: object) -> bytes:
    message = theirs.Message(
        theirs.Method.BINDING, theirs.Class.REQUEST, attributes={"USERNAME": "server:client", **attributes}
    )
    message.add_message_integrity(PASSWORD)
    return bytes(message)


def test_a_request_of_aioice_is_verified() -> None:
    message = stun.parse(their_request(PRIORITY=1, **{"ICE-CONTROLLING": 7}))
    assert message.kind == stun.BINDING_REQUEST
    assert message.username == "server:client"
    assert message.verified(PASSWORD)
    assert not message.verified(b"another password......")
    assert not message.nominates


def test_a_nomination_is_seen() -> None:
    assert stun.parse(their_request(**{"USE-CANDIDATE": None})).nominates


@pytest.mark.parametrize("address", [("192.0.2.7", 40_000), ("2001:db8::7", 40_001)])
def test_aioice_verifies_our_response(address: tuple[str, int]) -> None:
    request = stun.parse(their_request())
    read = theirs.parse_message(stun.response(request, address, PASSWORD))
    assert read.message_class is theirs.Class.RESPONSE
    assert read.transaction_id == request.transaction
    assert read.attributes["XOR-MAPPED-ADDRESS"] == address
    assert read.check_message_integrity(PASSWORD)


def test_an_ipv4_address_of_a_dual_stack_socket_is_told_plainly() -> None:
    request = stun.parse(their_request())
    read = theirs.parse_message(stun.response(request, ("::ffff:192.0.2.7", 4_000), PASSWORD))
    assert read.attributes["XOR-MAPPED-ADDRESS"] == ("192.0.2.7", 4_000)


def test_aioice_verifies_our_request() -> None:
    transaction, datagram = stun.request(stun.questions("client:server", bytes(8)), PASSWORD)
    read = theirs.parse_message(datagram)
    assert read.transaction_id == transaction
    assert read.attributes["USERNAME"] == "client:server"
    assert read.check_message_integrity(PASSWORD)


def test_a_request_without_integrity_is_not_verified() -> None:
    message = theirs.Message(theirs.Method.BINDING, theirs.Class.REQUEST, attributes={"USERNAME": "a:b"})
    assert not stun.parse(bytes(message)).verified(PASSWORD)


def test_what_follows_the_integrity_does_not_count() -> None:
    message = theirs.Message(theirs.Method.BINDING, theirs.Class.REQUEST, attributes={"USERNAME": "a:b"})
    message.add_message_integrity(PASSWORD)
    del message.attributes["FINGERPRINT"]
    message.attributes["USE-CANDIDATE"] = None
    read = stun.parse(bytes(message))
    assert read.verified(PASSWORD)
    assert not read.nominates


def test_a_flipped_bit_is_noticed() -> None:
    good = their_request()
    # FINGERPRINT, the last 8 bytes, is not covered: it only tells STUN from other packets.
    for place in range(len(good) - 8):
        for bit in (1, 128):
            data = bytearray(good)
            data[place] ^= bit
            try:
                message = stun.parse(bytes(data))
            except stun.StunError:
                continue
            assert not message.verified(PASSWORD)


def test_garbage_raises_only_a_stun_error() -> None:
    chance = random.Random(3)
    good = their_request()
    refused = 0
    for _ in range(5_000):
        data = bytearray(good if chance.random() < 0.7 else os.urandom(chance.randrange(200)))
        for _ in range(chance.randrange(1, 5)):
            if data:
                data[chance.randrange(len(data))] = chance.randrange(256)
        data = data[: chance.randrange(len(data) + 1)]
        try:
            message = stun.parse(bytes(data))
        except stun.StunError:
            refused += 1
        else:
            assert not message.verified(PASSWORD) or data[:-8] == good[:-8]
    assert refused > 4_000
