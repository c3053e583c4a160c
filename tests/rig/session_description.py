"""SDP of a browser: an offer like Chromium's (version 156), and a strict reading of the answer (RFC 8829)."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Literal

Kind = Literal["audio", "video"]
MID_URI = "urn:ietf:params:rtp-hdrext:sdes:mid"
LEVEL_URI = "urn:ietf:params:rtp-hdrext:ssrc-audio-level"
SEND_TIME_URI = "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time"
TRANSPORT_CC_URI = "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01"
EXTENSIONS: dict[Kind, dict[int, str]] = {
    "audio": {1: LEVEL_URI, 2: SEND_TIME_URI, 3: TRANSPORT_CC_URI, 4: MID_URI},
    "video": {
        14: "urn:ietf:params:rtp-hdrext:toffset",
        2: SEND_TIME_URI,
        13: "urn:3gpp:video-orientation",
        3: TRANSPORT_CC_URI,
        5: "http://www.webrtc.org/experiments/rtp-hdrext/playout-delay",
        6: "http://www.webrtc.org/experiments/rtp-hdrext/video-content-type",
        7: "http://www.webrtc.org/experiments/rtp-hdrext/video-timing",
        8: "http://www.webrtc.org/experiments/rtp-hdrext/color-space",
        4: MID_URI,
        10: "urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id",
        11: "urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id",
    },
}
_H264 = "level-asymmetry-allowed=1;packetization-mode={};profile-level-id={}"
# (payload type, codec, format parameters, payload type of its RTX)
VIDEO_CODECS = [
    (96, "VP8", "", 97),
    (102, "H264", _H264.format(1, "42001f"), 103),
    (104, "H264", _H264.format(0, "42001f"), 107),
    (108, "H264", _H264.format(1, "42e01f"), 109),
    (114, "H264", _H264.format(0, "42e01f"), 115),
    (116, "H264", _H264.format(1, "4d001f"), 117),
    (39, "H264", _H264.format(0, "4d001f"), 40),
    (45, "AV1", "level-idx=5;profile=0;tier=0", 46),
    (98, "VP9", "profile-id=0", 99),
    (100, "VP9", "profile-id=2", 101),
]
VIDEO_FEEDBACK = ["goog-remb", "transport-cc", "ccm fir", "nack", "nack pli"]
AUDIO_LINES = [
    "a=rtpmap:111 opus/48000/2",
    "a=rtcp-fb:111 transport-cc",
    "a=fmtp:111 minptime=10;useinbandfec=1",
    "a=rtpmap:63 red/48000/2",
    "a=fmtp:63 111/111",
    "a=rtpmap:9 G722/8000",
    "a=rtpmap:0 PCMU/8000",
    "a=rtpmap:8 PCMA/8000",
    "a=rtpmap:13 CN/8000",
    "a=rtpmap:110 telephone-event/48000",
    "a=rtpmap:126 telephone-event/8000",
]


@dataclass(frozen=True, slots=True)
class Line:
    """One m-line of an offer; `ssrc` is None for recvonly, `rtx` None where there is no retransmission."""

    mid: str
    kind: Kind
    direction: Literal["sendonly", "recvonly", "sendrecv", "inactive"]
    ssrc: int | None = None
    rtx: int | None = None


def _video_lines() -> list[str]:
    lines = []
    for number, codec, parameters, rtx in VIDEO_CODECS:
        lines.append(f"a=rtpmap:{number} {codec}/90000")
        lines += [f"a=rtcp-fb:{number} {feedback}" for feedback in VIDEO_FEEDBACK]
        if parameters:
            lines.append(f"a=fmtp:{number} {parameters}")
        lines += [f"a=rtpmap:{rtx} rtx/90000", f"a=fmtp:{rtx} apt={number}"]
    return [*lines, "a=rtpmap:118 red/90000", "a=rtpmap:119 rtx/90000", "a=fmtp:119 apt=118"]


def _section(line: Line, ufrag: str, password: str, fingerprint: str, cname: str) -> list[str]:
    codec_lines = AUDIO_LINES if line.kind == "audio" else _video_lines()
    numbers = [text.split(":")[1].split(" ")[0] for text in codec_lines if text.startswith("a=rtpmap:")]
    lines = [
        f"m={line.kind} 9 UDP/TLS/RTP/SAVPF {' '.join(numbers)}",
        "c=IN IP4 0.0.0.0",
        "a=rtcp:9 IN IP4 0.0.0.0",
        f"a=ice-ufrag:{ufrag}",
        f"a=ice-pwd:{password}",
        "a=ice-options:trickle",
        f"a=fingerprint:sha-256 {fingerprint}",
        "a=setup:actpass",
        f"a=mid:{line.mid}",
        *(f"a=extmap:{number} {uri}" for number, uri in EXTENSIONS[line.kind].items()),
        f"a={line.direction}",
        "a=rtcp-mux",
        "a=rtcp-rsize",
        "a=rtcp-xr:rcvr-rtt=all",
        *codec_lines,
    ]
    if line.ssrc is not None:
        lines.insert(lines.index("a=rtcp-mux"), f"a=msid:- {cname}-{line.mid}")
        ssrcs = [line.ssrc]
        if line.rtx is not None:
            ssrcs.append(line.rtx)
            lines.append(f"a=ssrc-group:FID {line.ssrc} {line.rtx}")
        for ssrc in ssrcs:
            lines += [f"a=ssrc:{ssrc} cname:{cname}", f"a=ssrc:{ssrc} msid:- {cname}-{line.mid}"]
    return lines


def offer(
    lines: list[Line], ufrag: str, password: str, fingerprint: str, *, cname: str, version: int = 2
) -> str:
    """An offer as Chromium writes it, without candidates (a client of an ICE-lite server needs none)."""
    session = [
        "v=0",
        f"o=- 7996463181421095044 {version} IN IP4 127.0.0.1",
        "s=-",
        "t=0 0",
        f"a=group:BUNDLE {' '.join(line.mid for line in lines)}",
        "a=extmap-allow-mixed",
        "a=msid-semantic: WMS",
    ]
    for line in lines:
        session += _section(line, ufrag, password, fingerprint, cname)
    return "\r\n".join(session) + "\r\n"


class BadAnswer(AssertionError):
    """An answer that a browser would refuse in setRemoteDescription."""


@dataclass(slots=True)
class AnswerLine:
    """One m-line of an answer."""

    mid: str
    kind: str
    rejected: bool
    direction: str
    codecs: dict[int, str]
    feedback: dict[int, list[str]]
    extensions: dict[str, int]
    ssrcs: list[int]
    rtx_ssrcs: list[int]
    retransmits: dict[int, int] = field(default_factory=dict)


@dataclass(slots=True)
class Answer:
    """What a client needs of an answer."""

    ufrag: str
    password: str
    fingerprints: dict[str, str]
    setup: str
    ice_lite: bool
    candidates: list[tuple[str, int]]
    lines: dict[str, AnswerLine]
    bundle: list[str]


def _values(lines: list[str], name: str) -> list[str]:
    return [text[len(name) + 3 :] for text in lines if text.startswith(f"a={name}:")]


def _answer_line(lines: list[str]) -> AnswerLine:
    media = lines[0][2:].split(" ")
    directions = [text[2:] for text in lines if text[2:] in {"sendonly", "recvonly", "sendrecv", "inactive"}]
    codecs = {int(number): codec for number, codec in (v.split(" ", 1) for v in _values(lines, "rtpmap"))}
    feedback: dict[int, list[str]] = {}
    for value in _values(lines, "rtcp-fb"):
        number, what = value.split(" ", 1)
        feedback.setdefault(int(number), []).append(what)
    retransmits = {}
    for value in _values(lines, "fmtp"):
        number, parameters = value.split(" ", 1)
        if codecs.get(int(number), "").startswith("rtx/"):
            retransmits[int(number)] = int(parameters.removeprefix("apt="))
    groups = [value.split(" ")[1:] for value in _values(lines, "ssrc-group") if value.startswith("FID ")]
    rtx_ssrcs = [int(group[1]) for group in groups]
    ssrcs = list(dict.fromkeys(int(value.split(" ")[0]) for value in _values(lines, "ssrc")))
    rejected = media[1] == "0"
    if not rejected and set(map(int, media[3:])) != set(codecs):
        raise BadAnswer(f"payload types without rtpmap in {lines[0]}")
    if not rejected and "a=rtcp-mux" not in lines:
        raise BadAnswer(f"no rtcp-mux in {lines[0]}")
    return AnswerLine(
        mid=next(iter(_values(lines, "mid")), ""),
        kind=media[0],
        rejected=rejected,
        direction=directions[0] if directions else "sendrecv",
        codecs=codecs,
        feedback=feedback,
        extensions={
            uri.split(" ")[1]: int(uri.split(" ")[0].split("/")[0]) for uri in _values(lines, "extmap")
        },
        ssrcs=[ssrc for ssrc in ssrcs if ssrc not in rtx_ssrcs],
        rtx_ssrcs=rtx_ssrcs,
        retransmits=retransmits,
    )


MIRROR = {
    "sendonly": {"recvonly", "inactive"},
    "recvonly": {"sendonly", "inactive"},
    "inactive": {"inactive"},
}


def parse_answer(text: str, offered: list[Line]) -> Answer:
    """Read an answer to `offered`; raises `BadAnswer` where a browser would refuse it."""
    if not text.endswith("\r\n") or "\n" in text.replace("\r\n", ""):
        raise BadAnswer("SDP lines end with CR LF")
    sections = re.split(r"(?m)^(?=m=)", text)
    session, media = sections[0].split("\r\n"), [section.rstrip().split("\r\n") for section in sections[1:]]
    lines = [_answer_line(section) for section in media]
    if [line.kind for line in lines] != [line.kind for line in offered]:
        raise BadAnswer("the m-lines are not those of the offer")
    bundle = next((v.split(" ")[1:] for v in _values(session, "group") if v.startswith("BUNDLE")), [])
    for line, ours in zip(lines, offered, strict=True):
        if line.mid != ours.mid:
            raise BadAnswer(f"mid {line.mid} answers {ours.mid}")
        if line.rejected:
            continue
        if line.mid not in bundle:
            raise BadAnswer(f"mid {line.mid} is not bundled")
        if line.direction not in MIRROR.get(ours.direction, {"sendrecv", "sendonly", "recvonly", "inactive"}):
            raise BadAnswer(f"{line.direction} answers {ours.direction}")
        offered_numbers = {number: uri for uri, number in line.extensions.items()}
        if any(EXTENSIONS[ours.kind].get(number) != uri for number, uri in offered_numbers.items()):
            raise BadAnswer(f"extensions that were not offered on mid {line.mid}")
    first = next((section for section in media if section[0].split(" ")[1] != "0"), None)
    if first is None:
        raise BadAnswer("every m-line is rejected")
    transport = first + session
    candidates = []
    for value in _values(transport, "candidate"):
        parts = value.split(" ")
        if parts[1] == "1" and parts[2].lower() == "udp":
            candidates.append((parts[4], int(parts[5])))
    fingerprints = dict(value.split(" ", 1) for value in _values(transport, "fingerprint"))
    if not candidates or not fingerprints:
        raise BadAnswer("no candidate or no fingerprint")
    return Answer(
        ufrag=_values(transport, "ice-ufrag")[0],
        password=_values(transport, "ice-pwd")[0],
        fingerprints=fingerprints,
        setup=_values(transport, "setup")[0],
        ice_lite="a=ice-lite" in session,
        candidates=candidates,
        lines={line.mid: line for line in lines},
        bundle=bundle,
    )
