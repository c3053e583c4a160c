"""Datagrams that no well-behaved client sends: random, mutated, truncated, oversized, replayed, forged.

Seeded, so that a failure can be had again. `Garbage` makes them one by one from material of real traffic.
"""

from __future__ import annotations

import random
import secrets
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from struct import pack

from rig import rtcp, stun

MAX_UDP = 65_507


@dataclass(frozen=True, slots=True)
class Material:
    """Real datagrams to spoil, and names that the server knows."""

    checks: list[bytes]
    hellos: list[bytes]
    srtp: list[bytes]
    srtcp: list[bytes]
    username: str
    ssrcs: list[int]


class Garbage:
    """A stream of bad datagrams. Nothing of it carries a valid integrity but `replayed` ones."""

    def __init__(self, seed: int, material: Material) -> None:
        self.chance = random.Random(seed)
        self._sequence = 0
        self.material = material
        self.kinds: list[Callable[[], bytes]] = [
            self.noise,
            self.huge,
            self.stun_noise,
            self.stun_mutant,
            self.stun_forged,
            self.dtls_noise,
            self.dtls_mutant,
            self.rtp_noise,
            self.rtcp_noise,
            self.srtp_mutant,
            self.srtcp_mutant,
        ]

    def __call__(self) -> bytes:
        return self.chance.choice(self.kinds)()

    # --- spoiling ---

    def _flipped(self, data: bytes, start: int = 0) -> bytes:
        spoiled = bytearray(data)
        for _ in range(self.chance.choice((1, 1, 2, 8))):
            spoiled[self.chance.randrange(start, len(spoiled))] ^= 1 << self.chance.randrange(8)
        return bytes(spoiled)

    def _cut(self, data: bytes) -> bytes:
        return data[: self.chance.randrange(len(data))]

    def _stretched(self, data: bytes) -> bytes:
        return data + self.chance.randbytes(self.chance.choice((1, 4, 100, 1_500)))

    def _spoiled(self, data: bytes, start: int = 0) -> bytes:
        do = self.chance.randrange(4)
        if do == 0:
            return self._cut(data)
        if do == 1:
            return self._stretched(self._flipped(data, start))
        return self._flipped(data, start)

    # --- kinds ---

    def noise(self) -> bytes:
        """Anything, also nothing."""
        return self.chance.randbytes(self.chance.choice((0, 1, 2, 3, 12, 20, 100, 1_200, 1_500)))

    def huge(self) -> bytes:
        """Near the limit of UDP, beginning like each protocol."""
        if self.chance.random() > 0.02:
            return self.noise()
        first = self.chance.choice((b"\x00\x01", b"\x16\xfe\xfd", b"\x80\x60", b"\x80\xc8"))
        return first + self.chance.randbytes(MAX_UDP - len(first))

    def stun_noise(self) -> bytes:
        """A STUN header over noise."""
        body = self.chance.randbytes(4 * self.chance.randrange(60))
        kind = self.chance.choice(
            (0x0001, 0x0101, 0x0111, 0x0011, 0x0003, 0x3FFF, self.chance.randrange(1 << 14))
        )
        length = self.chance.choice((len(body), len(body), len(body) + 4, 0, 0xFFFC))
        return kind.to_bytes(2) + length.to_bytes(2) + stun.COOKIE + self.chance.randbytes(12) + body

    def stun_mutant(self) -> bytes:
        """A real check with a change in what its MESSAGE-INTEGRITY covers; often with a right FINGERPRINT."""
        check = self.chance.choice(self.material.checks)
        # FINGERPRINT is the last 8 bytes and MESSAGE-INTEGRITY the 24 before them.
        covered = bytearray(check[:-8])
        covered[self.chance.randrange(len(covered))] ^= 1 << self.chance.randrange(8)
        if self.chance.random() < 0.5:
            value = zlib.crc32(covered) ^ 0x5354554E
            return bytes(covered) + b"\x80\x28\x00\x04" + value.to_bytes(4)
        spoiled = self._spoiled(bytes(covered) + check[-8:])
        # To undo the change would be a replay, which is something else.
        return b"" if spoiled == check else spoiled

    def stun_forged(self) -> bytes:
        """A well-formed message with known names and a guessed password, or with strange attributes."""
        username = self.chance.choice(
            (
                self.material.username,
                self.material.username[::-1],
                "",
                ":",
                "a:b:c",
                "x" * 513,
                "\U0001f511:é",
            )
        )
        attributes = [
            (stun.USERNAME, username.encode()),
            (stun.PRIORITY, self.chance.randbytes(self.chance.choice((4, 0, 3, 9)))),
            (stun.USE_CANDIDATE, b""),
            (self.chance.choice((stun.CONTROLLING, stun.CONTROLLED)), self.chance.randbytes(8)),
            (self.chance.randrange(1 << 16), self.chance.randbytes(self.chance.randrange(40))),
            (stun.USERNAME, b"\xff\xfe\x00"),
            (stun.XOR_MAPPED_ADDRESS, self.chance.randbytes(self.chance.choice((8, 4, 20, 0)))),
            (stun.ERROR_CODE, self.chance.randbytes(self.chance.choice((4, 0, 1)))),
        ]
        chosen = self.chance.sample(attributes, self.chance.randrange(len(attributes)))
        kind = self.chance.choice((stun.REQUEST, stun.REQUEST, stun.RESPONSE, stun.ERROR))
        password = self.chance.choice((None, "", "guess", "0" * 24))
        return stun.encode(kind, self.chance.randbytes(12), chosen, password)

    def dtls_noise(self) -> bytes:
        """Records with true or false lengths, of every type, epoch and version."""
        records = b""
        for _ in range(self.chance.choice((1, 1, 2, 20))):
            body = self.chance.randbytes(self.chance.choice((0, 1, 12, 40, 200)))
            length = self.chance.choice((len(body), len(body), len(body) + 7, 0xFFFF, 0))
            version = self.chance.choice((0xFEFD, 0xFEFF, 0xFEFC, 0x0303, 0))
            head = (self.chance.randrange(20, 64), version, self.chance.choice((0, 1, 0xFFFF)))
            records += pack("!BHH", *head) + self.chance.randbytes(6) + length.to_bytes(2) + body
        return records

    def dtls_mutant(self) -> bytes:
        """A ClientHello, whole (from nobody), spoiled, or with absurd fragment lengths."""
        hello = self.chance.choice(self.material.hellos)
        if self.chance.random() < 0.3:
            absurd = bytearray(hello)
            # Handshake header: length at 14, fragment offset at 19, fragment length at 22.
            at = self.chance.choice((14, 19, 22))
            absurd[at : at + 3] = self.chance.choice((b"\xff\xff\xff", b"\x00\xff\xff", b"\x00\x00\x00"))
            return bytes(absurd)
        return self._spoiled(hello)

    def _known_ssrc(self) -> int:
        return self.chance.choice((*self.material.ssrcs, 0, 0xFFFFFFFF, self.chance.randrange(1 << 32)))

    def rtp_noise(self) -> bytes:
        """An RTP header with lies about CSRCs, extension and padding."""
        head = pack(
            "!BBHII",
            0x80 | self.chance.randrange(64),
            self.chance.choice((111, 96, 97, 0xE0, self.chance.randrange(256))),
            self.chance.randrange(1 << 16),
            self.chance.randrange(1 << 32),
            self._known_ssrc(),
        )
        return head + self.chance.randbytes(self.chance.choice((0, 1, 4, 16, 60, 1_100, 1_480)))

    def rtcp_noise(self) -> bytes:
        """An RTCP header with a lie about its length."""
        head = pack(
            "!BBHI",
            0x80 | self.chance.randrange(64),
            self.chance.choice((200, 201, 202, 203, 204, 205, 206, 207, 192, 223)),
            self.chance.choice((0, 1, 7, 0xFFFF, self.chance.randrange(300))),
            self._known_ssrc(),
        )
        return head + self.chance.randbytes(self.chance.choice((0, 1, 4, 20, 28, 200, 1_200)))

    def srtp_mutant(self) -> bytes:
        """A real packet with flipped bits, cut or stretched."""
        return self._spoiled(self.chance.choice(self.material.srtp), start=1)

    def srtcp_mutant(self) -> bytes:
        """A real control packet, spoiled."""
        return self._spoiled(self.chance.choice(self.material.srtcp), start=2)

    def replayed(self) -> bytes:
        """A real packet once more."""
        return self.chance.choice(self.chance.choice((self.material.srtp, self.material.srtcp)))

    # --- what a client with valid keys may say ---

    def authentic_rtp(self, ssrcs: list[int], payload_types: list[int]) -> bytes:
        """RTP that will be protected with valid keys, though it makes little sense."""
        extension = b""
        first = 0x80
        if self.chance.random() < 0.7:
            first |= 0x10
            words = self.chance.randrange(6)
            body = self.chance.randbytes(4 * words)
            profile = self.chance.choice((0xBEDE, 0xBEDE, 0x1000, 0x1001, 0))
            extension = pack("!HH", profile, words) + body
        if self.chance.random() < 0.2:
            first |= 0x20
        payload = self.chance.randbytes(self.chance.choice((0, 0, 1, 2, 3, 6, 30, 1_000)))
        # Mostly onwards, for the library protects nothing that is too old.
        self._sequence = (self._sequence + self.chance.choice((1, 1, 1, 1, 2, 5, 120, 0, -2))) & 0xFFFF
        head = pack(
            "!BBHII",
            first,
            self.chance.choice((0, 0x80)) | self.chance.choice((*payload_types, self.chance.randrange(128))),
            self._sequence,
            self.chance.randrange(1 << 32),
            self.chance.choice((*ssrcs, *ssrcs, self.chance.randrange(1 << 32))),
        )
        return head + extension + payload

    def authentic_rtcp(self, ssrcs: list[int]) -> bytes:
        """RTCP that will be protected with valid keys: floods, lies and nonsense."""
        chance = self.chance
        own, other = chance.choice(ssrcs), chance.choice((*ssrcs, chance.randrange(1 << 32)))
        block = rtcp.Block(
            other, 255, -1, chance.randrange(1 << 32), 0, chance.randrange(1 << 32), 0xFFFFFFFF
        )
        moment = (chance.randrange(1 << 64), chance.randrange(1 << 32))
        makers: list[Callable[[], bytes]] = [
            lambda: rtcp.nack(
                own, other, [chance.randrange(1 << 16) for _ in range(chance.choice((1, 250)))]
            ),
            lambda: rtcp.pli(own, other),
            lambda: rtcp.fir(own, other, chance.randrange(256)),
            lambda: rtcp.remb(
                own, chance.choice((0, 1, 10**6, 1 << 60)), [other] * chance.choice((0, 1, 200))
            ),
            lambda: rtcp.receiver_report(own, [block] * chance.randrange(32)),
            lambda: rtcp.sender_report(rtcp.SenderReport(other, *moment, 0xFFFFFFFF, 0, (block,))),
            lambda: rtcp.transport_feedback(own, other, 0, {chance.randrange(1 << 10): 0, 1 << 11: 10**9}),
            lambda: pack("!BBHI", 0x81, 203, 1, other),
            lambda: self.rtcp_noise()[:1_300],
        ]
        compound = b"".join(chance.choice(makers)() for _ in range(chance.choice((1, 1, 2, 4))))
        if chance.random() < 0.3:
            compound = self._spoiled(compound, start=2)
        # The library protects nothing shorter than a header, and a control packet must look like one.
        return compound[:1_400] if len(compound) >= 8 and 192 <= compound[1] < 224 else rtcp.pli(own, other)


def forged_check(username: str, seed: int) -> bytes:
    """A check for a known user with a password that is not theirs."""
    return stun.check(username, "not the password", seed, secrets.token_bytes(12))
