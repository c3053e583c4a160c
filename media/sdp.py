"""Session descriptions: what an offer says, in plain values (RFC 8866, RFC 8829), and the answer's text.

Parsing is aiortc's; this file bounds it, checks what the engine insists on (BUNDLE, rtcp-mux, one DTLS
fingerprint, one ICE credential), and keeps what matters. Nothing here has state.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from aiortc.rtcrtpparameters import RTCRtpCodecParameters
from aiortc.sdp import MediaDescription, SessionDescription, grouplines

from media.dtls import Fingerprint
from media.engine import Kind
from media.errors import MediaError

MID = "urn:ietf:params:rtp-hdrext:sdes:mid"
AUDIO_LEVEL = "urn:ietf:params:rtp-hdrext:ssrc-audio-level"
SEND_TIME = "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time"
TRANSPORT_CC = "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01"

MAX_TEXT_LINES = 5_000
MAX_MEDIA_LINES = 64
MAX_FORMATS = 128
_CODECS = {"audio": ("opus",), "video": ("VP8", "H264", "VP9", "AV1")}
# What aiortc's parser raises on nonsense, besides ValueError.
_PARSER_ERRORS = (
    ValueError, KeyError, IndexError, AttributeError, AssertionError, TypeError, StopIteration, OverflowError,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Codec:
    """One payload type. `rtx` is the payload type of its retransmissions (RFC 4588), if offered."""

    payload_type: int
    name: str
    clock_rate: int
    channels: int | None
    parameters: tuple[tuple[str, str], ...]
    rtx: int | None
    feedback: frozenset[str] = frozenset()

    def parameter(self, name: str) -> str:
        """A format parameter in lower case, or ""."""
        return next((value.lower() for key, value in self.parameters if key.lower() == name), "")

    @property
    def exact(self) -> tuple[str, ...]:
        """Two payload types with an equal `exact` carry the same bits."""
        match self.name:
            case "H264":
                return (self.name, self.parameter("profile-level-id")[:4], self.packetization)
            case "VP9":
                return (self.name, self.parameter("profile-id") or "0")
            case "AV1":
                return (self.name, self.parameter("profile") or "0")
            case _:
                return (self.name,)

    @property
    def loose(self) -> tuple[str, ...]:
        """Payload types with an equal `loose` very likely decode each other: profiles of H.264 nest."""
        return (self.name, self.packetization) if self.name == "H264" else self.exact

    @property
    def packetization(self) -> str:
        """H.264's packetization-mode (RFC 6184)."""
        return self.parameter("packetization-mode") or "0"


@dataclass(frozen=True, slots=True)
class Line:
    """One m-line of an offer. `kind` is None for what is always rejected (data channels)."""

    mid: str
    kind: Kind | None
    media: str
    rejected: bool
    sends: bool
    receives: bool
    codecs: tuple[Codec, ...]
    extensions: dict[str, int]
    ssrc: int | None
    rtx_ssrc: int | None
    formats: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Description:
    """An offer: its lines in order and the one transport under them."""

    lines: tuple[Line, ...]
    ufrag: str
    password: str
    fingerprints: tuple[Fingerprint, ...]

    def line(self, mid: str) -> Line | None:
        """The line with this mid."""
        return next((line for line in self.lines if line.mid == mid), None)


@dataclass(frozen=True, slots=True)
class AnswerLine:
    """What to answer on one line; `direction` None rejects it (port 0)."""

    line: Line
    direction: str | None
    codecs: tuple[Codec, ...] = ()
    extensions: tuple[str, ...] = ()
    feedback: tuple[str, ...] = ()
    ssrc: int | None = None
    rtx_ssrc: int | None = None
    cname: str = ""
    stream: str = ""
    track: str = ""
    start_kbps: int = 0


@dataclass(frozen=True, slots=True)
class Local:
    """The server's side of the transport."""

    ufrag: str
    password: str
    fingerprint: Fingerprint
    candidates: tuple[tuple[str, int], ...]
    version: int = 1
    serial: str = field(default="1")


def _bad(why: str) -> MediaError:
    return MediaError("media.bad_sdp", f"The offer cannot be used: {why}.")


def parse_offer(text: str, max_chars: int) -> Description:
    """Read an offer. Raises `MediaError("media.bad_sdp")`."""
    if len(text) > max_chars or text.count("\n") > MAX_TEXT_LINES or text.count("\nm=") > MAX_MEDIA_LINES:
        raise _bad("it is too long")
    if not text.startswith("v=0"):
        raise _bad("it is not a session description")
    try:
        session = SessionDescription.parse(text)
        # A bundle-only line has port 0 and is alive (RFC 9143, 6); aiortc does not know it.
        bare = [False] * len(session.media)
        if "a=bundle-only" in text:
            bare = ["a=bundle-only" in section for section in grouplines(text)[1]]
        lines = tuple(_line(media, alone) for media, alone in zip(session.media, bare, strict=True))
        bundled = {str(mid) for group in session.group if group.semantic == "BUNDLE" for mid in group.items}
        live = [
            media for media, line in zip(session.media, lines, strict=True)
            if line.kind is not None and not line.rejected
        ]  # fmt: skip
    except _PARSER_ERRORS as error:
        raise _bad("it does not parse") from error
    if not live:
        raise _bad("it has no audio or video")
    mids = [line.mid for line in lines if not line.rejected]
    if not all(mids) or len(set(mids)) != len(mids):
        raise _bad("every line needs its own mid")
    if any(line.kind is not None and not line.rejected and line.mid not in bundled for line in lines):
        raise _bad("all lines must be in one BUNDLE")
    return _transport(live, lines)


def _transport(live: list[MediaDescription], lines: tuple[Line, ...]) -> Description:
    if not all(media.rtcp_mux for media in live):
        raise _bad("rtcp-mux is missing")
    first = live[0]
    if first.dtls is None or not first.dtls.fingerprints:
        raise _bad("it has no DTLS fingerprint or setup")
    if first.dtls.role == "server":
        raise _bad("the client must be able to take the active DTLS role")
    ice = first.ice
    ufrag, password = (ice.usernameFragment or "", ice.password or "") if ice is not None else ("", "")
    if not (4 <= len(ufrag) <= 256 and 22 <= len(password) <= 256 and (ufrag + password).isascii()):
        raise _bad("its ICE credentials are missing or malformed")
    fingerprints = tuple(
        Fingerprint(each.algorithm.lower(), each.value.upper()) for each in first.dtls.fingerprints
    )
    return Description(lines, ufrag, password, fingerprints)


def _line(media: MediaDescription, bundle_only: bool) -> Line:
    kind: Kind | None = "audio" if media.kind == "audio" else "video" if media.kind == "video" else None
    rejected = media.port == 0 and not bundle_only
    formats = tuple(str(each) for each in media.fmt)
    if len(formats) > MAX_FORMATS:
        raise ValueError("too many formats")
    mid = media.rtp.muxId or ""
    if kind is not None and not rejected and media.profile not in {"UDP/TLS/RTP/SAVPF", "RTP/SAVPF"}:
        raise ValueError("profile")
    direction = media.direction or "sendrecv"
    known = {each.ssrc for each in media.ssrc}
    pairs = [group.items for group in media.ssrc_group if group.semantic == "FID" and len(group.items) == 2]
    ssrc: int | None = media.ssrc[0].ssrc if media.ssrc else None
    rtx_ssrc: int | None = None
    if pairs and set(pairs[0]) <= known:
        ssrc, rtx_ssrc = int(pairs[0][0]), int(pairs[0][1])
    for number in (ssrc, rtx_ssrc):
        if number is not None and not 0 < number < 1 << 32:
            raise ValueError("ssrc")
    return Line(
        mid=mid,
        kind=kind,
        media=media.kind,
        rejected=rejected,
        sends=direction in {"sendrecv", "sendonly"},
        receives=direction in {"sendrecv", "recvonly"},
        codecs=_codecs(media) if kind is not None else (),
        # One-byte header extensions have ids from 1 to 14 (RFC 8285, 4.2).
        extensions={each.uri: each.id for each in media.rtp.headerExtensions if 1 <= each.id <= 14},
        ssrc=ssrc,
        rtx_ssrc=rtx_ssrc,
        formats=formats,
    )


def _codecs(media: MediaDescription) -> tuple[Codec, ...]:
    names = {name.lower(): name for name in _CODECS[media.kind]}
    repairs: dict[int, int] = {}
    offered: list[tuple[int, RTCRtpCodecParameters]] = []
    for codec in media.rtp.codecs:
        number = codec.payloadType
        if number is None or not 0 <= number < 128:
            raise ValueError("payload type")
        apt = codec.parameters.get("apt")
        if codec.name.lower() == "rtx" and isinstance(apt, int):
            repairs.setdefault(apt, number)
        elif codec.name.lower() in names:
            offered.append((number, codec))
    return tuple(
        Codec(
            payload_type=number,
            name=names[codec.name.lower()],
            clock_rate=codec.clockRate,
            channels=codec.channels,
            parameters=tuple((k, "" if v is None else str(v)) for k, v in codec.parameters.items()),
            rtx=repairs.get(number),
            feedback=frozenset(f"{each.type} {each.parameter or ''}".rstrip() for each in codec.rtcpFeedback),
        )
        for number, codec in offered
    )


def to_receive(line: Line) -> tuple[Codec, ...]:
    """The codecs to accept from a publisher, best first.

    VP8 and H.264 are what every browser decodes, in the client's order; of H.264 the plain profile that
    everybody shares. VP9 and AV1 follow, so that a client which has only those is heard too.
    """
    plain = [
        codec for codec in line.codecs
        if codec.name == "H264" and codec.parameter("profile-level-id")[:2] == "42"
        and codec.packetization == "1"
    ]  # fmt: skip
    chosen = [codec for codec in line.codecs if codec.name != "H264" or not plain or codec in plain]
    common = [codec for codec in chosen if codec.name not in {"VP9", "AV1"}]
    return tuple(common + [codec for codec in chosen if codec.name in {"VP9", "AV1"}])


def answer(lines: tuple[AnswerLine, ...], local: Local) -> str:
    """The text of an answer: ICE-lite, passive DTLS, candidates on the first accepted line."""
    accepted = [each.line.mid for each in lines if each.direction is not None]
    text = [
        "v=0",
        f"o=- {local.serial} {local.version} IN IP4 127.0.0.1",
        "s=-",
        "t=0 0",
        "a=ice-lite",
        f"a=group:BUNDLE {' '.join(accepted)}",
        "a=msid-semantic: WMS *",
    ]
    for each in lines:
        if each.direction is None:
            text += _rejected(each.line)
        else:
            text += _accepted(each, local, first=each.line.mid == accepted[0])
    return "\r\n".join(text) + "\r\n"


def _rejected(line: Line) -> list[str]:
    protocol = "UDP/TLS/RTP/SAVPF" if line.kind is not None else "UDP/DTLS/SCTP"
    formats = line.formats or ("0",)
    text = [f"m={line.media} 0 {protocol} {' '.join(formats)}", "c=IN IP4 0.0.0.0", "a=inactive"]
    return [*text, f"a=mid:{line.mid}"] if line.mid else text


def _accepted(each: AnswerLine, local: Local, *, first: bool) -> list[str]:
    line = each.line
    types = [str(t) for codec in each.codecs for t in (codec.payload_type, codec.rtx) if t is not None]
    text = [
        f"m={line.kind} 9 UDP/TLS/RTP/SAVPF {' '.join(types)}",
        "c=IN IP4 0.0.0.0",
        "a=rtcp:9 IN IP4 0.0.0.0",
        f"a=ice-ufrag:{local.ufrag}",
        f"a=ice-pwd:{local.password}",
        f"a=fingerprint:{local.fingerprint.algorithm} {local.fingerprint.value}",
        "a=setup:passive",
        f"a=mid:{line.mid}",
        *(f"a=extmap:{line.extensions[uri]} {uri}" for uri in each.extensions if uri in line.extensions),
        f"a={each.direction}",
        "a=rtcp-mux",
        "a=rtcp-rsize",
    ]
    for codec in each.codecs:
        text += _codec(codec, each.feedback, each.start_kbps)
    if each.ssrc is not None:
        text.append(f"a=msid:{each.stream} {each.track}")
        if each.rtx_ssrc is not None:
            text.append(f"a=ssrc-group:FID {each.ssrc} {each.rtx_ssrc}")
        text += [
            f"a=ssrc:{ssrc} cname:{each.cname}" for ssrc in (each.ssrc, each.rtx_ssrc) if ssrc is not None
        ]
    if first:
        text += [
            f"a=candidate:{n} 1 udp {(126 << 24) | ((65535 - n) << 8) | 255} {host} {port} typ host"
            for n, (host, port) in enumerate(local.candidates, 1)
        ]
        text.append("a=end-of-candidates")
    return text


def _codec(codec: Codec, feedback: tuple[str, ...], start_kbps: int) -> list[str]:
    channels = f"/{codec.channels}" if codec.channels and codec.channels > 1 else ""
    text = [f"a=rtpmap:{codec.payload_type} {codec.name}/{codec.clock_rate}{channels}"]
    text += [f"a=rtcp-fb:{codec.payload_type} {each}" for each in feedback if each in codec.feedback]
    parameters = [f"{key}={value}" if value else key for key, value in codec.parameters]
    if start_kbps:
        # Chromium's own word; others ignore it. Its 300 kbit/s would begin every call as a blur.
        parameters.append(f"x-google-start-bitrate={start_kbps}")
    if parameters:
        joined = ";".join(parameters)
        text.append(f"a=fmtp:{codec.payload_type} {joined}")
    if codec.rtx is not None:
        text += [
            f"a=rtpmap:{codec.rtx} rtx/{codec.clock_rate}",
            f"a=fmtp:{codec.rtx} apt={codec.payload_type}",
        ]
    return text
