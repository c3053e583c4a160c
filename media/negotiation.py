"""From an offer to an answer (JSEP, RFC 8829): check everything first, then change the peer, then say so."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from media.engine import Kind, Offer, Source, track_id
from media.errors import MediaError
from media.options import MediaOptions
from media.peer import Peer
from media.route import Route
from media.sdp import (
    AUDIO_LEVEL,
    MID,
    SEND_TIME,
    TRANSPORT_CC,
    AnswerLine,
    Codec,
    Description,
    Line,
    Local,
    answer,
    parse_offer,
    to_receive,
)
from media.track import Track

START_KBPS = 800
_VIDEO_FEEDBACK = ("nack", "nack pli", "ccm fir", "goog-remb")


def kind_of(source: Source) -> Kind:
    """The kind of media a source is made of."""
    return "audio" if source in {"mic", "screen_audio"} else "video"


def stream_of(track: str) -> str:
    """The media stream id of a track: what shall play in step has the same (RFC 8830).

    Microphone and camera of a participant belong together, and so do a screen and its sound.
    """
    participant, _, source = track.rpartition(".")
    return f"{participant}.screen" if source.startswith("screen") else participant


@dataclass(frozen=True, slots=True)
class Plan:
    """An offer that was found good."""

    description: Description
    publish: dict[str, Source]
    subscribe: dict[str, str]


def check(offer: Offer, options: MediaOptions, known: Description | None) -> Plan:
    """Raises `MediaError` and changes nothing. `known`: the peer's last offer."""
    if len(offer.publish) > options.max_publish or len(offer.subscribe) > options.max_subscribe:
        raise MediaError("media.too_many_tracks", "The offer has more tracks than a peer may have.")
    description = parse_offer(offer.sdp, options.max_sdp_chars)
    if known is not None and known.fingerprints != description.fingerprints:
        raise MediaError("media.bad_sdp", "The certificate changed: that takes a new peer.")
    publish = {line.mid: line.source for line in offer.publish}
    subscribe = {line.mid: line.track for line in offer.subscribe}
    named = [*publish, *subscribe]
    if len(set(named)) != len(offer.publish) + len(offer.subscribe):
        raise MediaError("media.bad_sdp", "A line is named twice.")
    if len(set(publish.values())) != len(publish):
        raise MediaError("media.bad_sdp", "A source is published twice.")
    for mid in named:
        _check_line(description.line(mid), mid, publish.get(mid))
    return Plan(description, publish, subscribe)


def _check_line(line: Line | None, mid: str, source: Source | None) -> None:
    if line is None or line.kind is None or line.rejected:
        raise MediaError("media.bad_sdp", f"The offer has no live audio or video line {mid}.")
    if source is not None and line.kind != kind_of(source):
        raise MediaError("media.bad_sdp", f"Line {mid} is {line.kind} and cannot carry {source}.")
    if not line.codecs:
        raise MediaError("media.no_codec", f"Line {mid} offers no codec that the server forwards.")


def apply(peer: Peer, plan: Plan, candidates: tuple[tuple[str, int], ...]) -> tuple[str, bool]:
    """Make the peer what the offer says. Returns the answer and whether the published tracks changed."""
    now_ms = peer.now_ms()
    peer.description = plan.description
    peer.ice.set_remote(plan.description.ufrag, plan.description.password)
    lines: list[AnswerLine] = []
    published: dict[Source, tuple[Line, tuple[Codec, ...]]] = {}
    subscribed: dict[str, tuple[str, Line, tuple[Codec, ...]]] = {}
    for line in plan.description.lines:
        if line.rejected or line.kind is None or not line.codecs:
            lines.append(AnswerLine(line, None))
        elif line.mid in plan.publish and line.sends:
            codecs = to_receive(line)
            published[plan.publish[line.mid]] = line, codecs
            lines.append(_receiving(line, codecs))
        elif line.mid in plan.subscribe and line.receives:
            subscribed[line.mid] = plan.subscribe[line.mid], line, line.codecs
        else:
            lines.append(AnswerLine(line, "inactive", line.codecs))
    changed = _publish(peer, published, now_ms)
    _subscribe(peer, subscribed, now_ms)
    lines += [_sending(peer, line, track) for track, line, _ in subscribed.values()]
    order = {line.mid: at for at, line in enumerate(plan.description.lines)}
    lines.sort(key=lambda each: order[each.line.mid])
    peer.version += 1
    local = Local(
        peer.ice.ufrag,
        peer.ice.password,
        peer.identity.fingerprint,
        candidates,
        peer.version,
        str(peer.out.ssrc),
    )
    return answer(tuple(lines), local), changed


def _receiving(line: Line, codecs: tuple[Codec, ...]) -> AnswerLine:
    if line.kind == "audio":
        return AnswerLine(line, "recvonly", codecs, (MID, AUDIO_LEVEL))
    timing = TRANSPORT_CC if TRANSPORT_CC in line.extensions else SEND_TIME
    feedback = (*_VIDEO_FEEDBACK, "transport-cc")
    return AnswerLine(line, "recvonly", codecs, (MID, timing), feedback, start_kbps=START_KBPS)


def _sending(peer: Peer, line: Line, track: str) -> AnswerLine:
    route = peer.routes[line.mid]
    repaired = line.kind == "video" and any(codec.rtx is not None for codec in line.codecs)
    return AnswerLine(
        line,
        "sendonly",
        line.codecs,
        (MID, AUDIO_LEVEL) if line.kind == "audio" else (MID, SEND_TIME),
        () if line.kind == "audio" else _VIDEO_FEEDBACK,
        ssrc=route.ssrc,
        rtx_ssrc=route.rtx_ssrc if repaired else None,
        cname=stream_of(track),
        stream=stream_of(track),
        track=track,
    )


def _publish(peer: Peer, lines: dict[Source, tuple[Line, tuple[Codec, ...]]], now_ms: int) -> bool:
    changed = set(lines) != set(peer.tracks)
    for source in [source for source in peer.tracks if source not in lines]:
        track = peer.tracks.pop(source)
        peer.room.unpublish(track, now_ms)
        if peer.inbound is not None:
            peer.inbound.forget(track)
    for source, (line, codecs) in lines.items():
        known = peer.tracks.get(source)
        track = known or Track(track_id(peer.participant_id, source), source, kind_of(source), peer.out)
        track.negotiate(line, codecs)
        peer.tracks[source] = track
        peer.room.publish(track, now_ms)
    peer.expect_streams()
    return changed


def _subscribe(peer: Peer, lines: dict[str, tuple[str, Line, tuple[Codec, ...]]], now_ms: int) -> None:
    for mid, route in list(peer.routes.items()):
        if mid not in lines or lines[mid][0] != route.track_id:
            peer.drop_route(route, now_ms)
    for mid, (track, line, codecs) in lines.items():
        if mid in peer.routes:
            peer.routes[mid].negotiate(codecs, line.extensions)
        else:
            kind: Kind = "audio" if line.kind == "audio" else "video"
            route = Route(peer.out, peer.downlink, mid, track, kind, _fresh_ssrcs(peer))
            route.negotiate(codecs, line.extensions)
            peer.add_route(route, now_ms)


def _fresh_ssrcs(peer: Peer) -> tuple[int, int]:
    taken = {peer.out.ssrc, *peer.reports, *(route.rtx_ssrc for route in peer.routes.values())}
    fresh: list[int] = []
    while len(fresh) < 2:
        ssrc = secrets.randbits(32)
        if ssrc and ssrc not in taken:
            taken.add(ssrc)
            fresh.append(ssrc)
    return fresh[0], fresh[1]


__all__ = ["Plan", "apply", "check", "kind_of", "parse_offer", "stream_of"]
