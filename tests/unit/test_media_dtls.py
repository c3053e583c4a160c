"""The DTLS handshake beside garbage from the client's own address, which anyone on the way can send."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest
from rig.dtls import Dtls as Client
from rig.dtls import shared_certificate
from rig.garbage import Garbage, Material

from media.dtls import MAX_SPOILED, Dtls, DtlsIdentity, Fingerprint, credible

IDENTITY = DtlsIdentity()
EXPECTED = (Fingerprint("sha-256", shared_certificate().fingerprint),)
HEAD = b"\x16\xfe\xfd" + bytes(8)


class Handshake:
    """A client and the server's end, joined by two lists of datagrams."""

    def __init__(self) -> None:
        self.server = Dtls(IDENTITY, EXPECTED)
        self.sent: list[bytes] = []
        self.answers: list[bytes] = []
        theirs = {IDENTITY.fingerprint.algorithm: IDENTITY.fingerprint.value}
        self.client = Client(shared_certificate(), theirs, self.sent.append)

    def take(self, datagram: bytes) -> None:
        self.server.receive(datagram)
        self.answers += self.server.outgoing()

    def run(self, before: Callable[[], list[bytes]]) -> None:
        """Shake hands; `before` gives what comes in front of each of the client's datagrams."""
        self.client.start()
        for _ in range(10):
            sent, self.sent[:] = list(self.sent), []
            for datagram in sent:
                for noise in before():
                    self.take(noise)
                self.take(datagram)
            answers, self.answers[:] = list(self.answers), []
            for answer in answers:
                self.client.receive(answer)
            if self.client.done and self.server.state != "handshake":
                return


def hello() -> bytes:
    made = Handshake()
    made.client.start()
    return made.sent[0]


def record(kind: int, body: bytes, *, epoch: int = 0, version: bytes = b"\xfe\xfd", serial: int = 0) -> bytes:
    return bytes([kind]) + version + epoch.to_bytes(2) + serial.to_bytes(6) + len(body).to_bytes(2) + body


def message(kind: int, size: int, offset: int, body: bytes) -> bytes:
    return bytes([kind]) + size.to_bytes(3) + bytes(2) + offset.to_bytes(3) + len(body).to_bytes(3) + body


@pytest.mark.parametrize("seed", range(60))
def test_noise_between_its_datagrams_does_not_break_a_handshake(seed: int) -> None:
    garbage = Garbage(
        seed, Material([bytes(40)], [hello()], [bytes(40)], [b"\x80\xc8" + bytes(40)], "a:b", [1])
    )
    made = Handshake()
    made.run(lambda: [garbage.dtls_noise() for _ in range(20)])
    assert made.server.state == "open", made.server.failure
    assert made.client.done


def test_a_forged_hello_before_the_true_one_does_not_break_a_handshake() -> None:
    chance = random.Random(1)
    broken = 0
    for _ in range(60):
        spoiled = bytearray(hello())
        # Not its random and session: those would be a hello of somebody else, which is answered.
        spoiled[chance.randrange(60, len(spoiled))] ^= 1 << chance.randrange(8)
        made = Handshake()
        made.client.start()
        made.take(bytes(spoiled))
        if made.answers:
            continue
        broken += 1
        made = Handshake()
        first = [bytes(spoiled)]
        made.run(lambda kept=first: [kept.pop()] if kept else [])  # type: ignore[misc]
        assert made.server.state == "open", made.server.failure
    assert broken >= 10


def test_who_sends_nothing_but_bad_hellos_fails_in_the_end() -> None:
    made = Handshake()
    bad = bytearray(hello())
    # The length of the cipher suites, behind random, session and cookie.
    bad[61:63] = b"\xff\xff"
    for _ in range(MAX_SPOILED):
        made.take(bytes(bad))
        assert (made.server.state, made.answers) == ("handshake", [])
    made.take(bytes(bad))
    assert made.server.state == "failed"
    assert made.answers[0][0] == 21


def test_a_client_that_has_seen_an_answer_is_told_of_the_failure() -> None:
    made = Handshake()
    made.client.start()
    made.take(made.sent.pop(0))
    # A key exchange where the certificate should be.
    early = b"\x10" + (4).to_bytes(3) + b"\x00\x01" + bytes(3) + (4).to_bytes(3) + bytes(4)
    made.take(record(22, early, serial=5))
    assert made.server.state == "failed"
    alert = made.answers[-1]
    assert alert[0] == 21


@pytest.mark.parametrize(
    ("datagram", "kept"),
    [
        (b"", b""),
        (HEAD, b""),
        (record(22, message(1, 4, 0, b"abcd")), ...),
        (record(22, message(11, 900, 300, b"abcd") + message(16, 2, 0, b"ab")), ...),
        (record(22, message(1, 0, 0, b"")), ...),
        (record(22, b""), b""),
        (record(22, message(1, 4, 0, b"abcd") + b"x"), b""),
        (record(22, message(2, 4, 0, b"abcd")), b""),
        (record(22, message(1, 4, 3, b"abcd")), b""),
        (record(22, message(1, 1 << 15, 0, b"abcd")), b""),
        (record(22, message(1, 9, 0, b"")), b""),
        (record(22, message(1, 4, 0, b"abcd"), version=b"\x03\x03"), b""),
        (record(22, message(1, 4, 0, b"abcd"), version=b"\xfe\xff"), ...),
        (record(22, message(1, 4, 0, b"abcd"))[:-1], b""),
        (record(20, b"\x01"), ...),
        (record(20, b"\x02"), b""),
        (record(21, b"\x02\x2a"), ...),
        (record(21, b"\x09\x2a"), b""),
        (record(23, bytes(40)), b""),
        (record(24, bytes(40)), b""),
        (record(22, bytes(40), epoch=1), ...),
        (record(21, bytes(26), epoch=1), ...),
        (record(21, bytes(2), epoch=1), b""),
        (record(20, bytes(40), epoch=1), b""),
        (record(22, bytes(40), epoch=2), b""),
        (record(40, bytes(40)), b""),
    ],
)
def test_only_credible_records_are_kept(datagram: bytes, kept: object) -> None:
    expected = datagram if kept is ... else kept
    assert credible(datagram) == expected
    # Beside a bad one a good one stays.
    good = record(20, b"\x01")
    assert credible(good + datagram) == good + expected  # type: ignore[operator]
