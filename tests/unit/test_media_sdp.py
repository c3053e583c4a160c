"""Offers and answers: what Chromium offers is understood, what nobody should offer is refused."""

from __future__ import annotations

import random
from collections import Counter
from pathlib import Path

import pytest
from aiortc.sdp import SessionDescription

from media import sdp
from media.engine import MediaEngine, Offer, Publish, Subscribe, TracksChanged
from media.errors import MediaError
from media.udp import MediaOptions, UdpMediaEngine

# Chromium 156: microphone and camera to send (0, 1), sound and picture to receive (2, 3).
CHROMIUM = (Path(__file__).parent / "offers" / "chromium.sdp").read_bytes().decode()
PUBLISH = (Publish("0", "mic"), Publish("1", "camera"))
SUBSCRIBE = (Subscribe("2", "bob.mic"), Subscribe("3", "bob.camera"))
OPTIONS = MediaOptions(host="127.0.0.1", announced_host="192.0.2.1, 2001:db8::1", announced_port=40_000)


def engine() -> UdpMediaEngine:
    return UdpMediaEngine(OPTIONS, lambda: 1_000)


async def answer_to(offer: Offer, on: MediaEngine | None = None) -> list[str]:
    on = on or engine()
    on.open_peer("p", "ada", "room", lambda _: None)
    return (await on.answer("p", offer)).splitlines()


def sections(lines: list[str]) -> list[list[str]]:
    found: list[list[str]] = [[]]
    for line in lines:
        if line.startswith("m="):
            found.append([])
        found[-1].append(line)
    return found


def without(text: str, *prefixes: str) -> str:
    return "".join(line + "\r\n" for line in text.splitlines() if not line.startswith(prefixes))


# -- reading -----------------------------------------------------------------------------------------------


def test_chromiums_offer_is_understood() -> None:
    offer = sdp.parse_offer(CHROMIUM, 100_000)
    assert [(line.mid, line.kind, line.sends, line.receives) for line in offer.lines] == [
        ("0", "audio", True, False),
        ("1", "video", True, False),
        ("2", "audio", False, True),
        ("3", "video", False, True),
    ]
    camera = offer.lines[1]
    assert camera.ssrc is not None
    assert camera.rtx_ssrc is not None
    assert camera.codecs[0].name == "VP8"
    assert camera.codecs[0].rtx == 97
    assert {codec.name for codec in camera.codecs} == {"VP8", "H264", "VP9", "AV1"}
    assert [codec.name for codec in offer.lines[0].codecs] == ["opus"]
    assert offer.fingerprints[0].algorithm == "sha-256"


def test_publishers_are_asked_for_what_everybody_decodes_first() -> None:
    camera = sdp.parse_offer(CHROMIUM, 100_000).lines[1]
    chosen = sdp.to_receive(camera)
    assert [codec.name for codec in chosen] == ["VP8", "H264", "H264", "AV1", "VP9", "VP9"]
    assert all(codec.parameter("profile-level-id")[:2] == "42" for codec in chosen if codec.name == "H264")
    assert all(codec.packetization == "1" for codec in chosen if codec.name == "H264")


def test_a_client_that_prefers_h264_keeps_its_wish() -> None:
    offer = CHROMIUM.replace("SAVPF 96 97 102 103", "SAVPF 102 103 96 97", 1)
    lines = offer.split("m=video")
    vp8 = [line for line in lines[1].split("\r\n") if line.split(":")[-1].startswith(("96 ", "97 "))]
    body = [line for line in lines[1].split("\r\n") if line not in vp8]
    lines[1] = "\r\n".join(body[:-1] + vp8) + "\r\n"
    camera = sdp.parse_offer("m=video".join(lines), 100_000).lines[1]
    assert sdp.to_receive(camera)[0].name == "H264"


def test_h264_profiles_match_exactly_or_else_loosely() -> None:
    camera, screen = (sdp.parse_offer(CHROMIUM, 100_000).lines[n] for n in (1, 3))
    mine = {codec.payload_type: codec for codec in camera.codecs}
    theirs = {codec.payload_type: codec for codec in screen.codecs}
    assert mine[102].exact == theirs[102].exact
    assert mine[102].exact != theirs[108].exact
    assert mine[102].loose == theirs[108].loose
    assert mine[102].loose != theirs[104].loose


def test_a_bundle_only_line_is_alive() -> None:
    at = CHROMIUM.index("m=video 9")
    offer = CHROMIUM[:at] + CHROMIUM[at:].replace("m=video 9", "m=video 0", 1)
    assert sdp.parse_offer(offer, 100_000).lines[1].rejected
    alive = offer.replace("a=mid:1\r\n", "a=mid:1\r\na=bundle-only\r\n")
    assert not sdp.parse_offer(alive, 100_000).lines[1].rejected


BROKEN = {
    "nothing": "",
    "prose": "hello",
    "no media": CHROMIUM[: CHROMIUM.index("m=")],
    "no ICE user": without(CHROMIUM, "a=ice-ufrag"),
    "no ICE password": without(CHROMIUM, "a=ice-pwd"),
    "no fingerprint": without(CHROMIUM, "a=fingerprint"),
    "no setup": without(CHROMIUM, "a=setup"),
    "passive client": CHROMIUM.replace("a=setup:actpass", "a=setup:passive"),
    "odd setup": CHROMIUM.replace("a=setup:actpass", "a=setup:sometimes"),
    "no mux": without(CHROMIUM, "a=rtcp-mux"),
    "no bundle": without(CHROMIUM, "a=group"),
    "half a bundle": CHROMIUM.replace("a=group:BUNDLE 0 1 2 3", "a=group:BUNDLE 0 1"),
    "no mid": without(CHROMIUM, "a=mid"),
    "one mid twice": CHROMIUM.replace("a=mid:1", "a=mid:0"),
    "unencrypted": CHROMIUM.replace("UDP/TLS/RTP/SAVPF", "RTP/AVP"),
    "payload type": CHROMIUM.replace("a=rtpmap:96 ", "a=rtpmap:300 "),
    "no number": CHROMIUM.replace("a=rtpmap:96 VP8/90000", "a=rtpmap:96 VP8/often"),
    "ssrc": CHROMIUM.replace("a=ssrc:", "a=ssrc:9999999999999"),
    "too long": CHROMIUM + "a=x\r\n" * 30_000,
    "too many lines": CHROMIUM + "a\n" * 5_001,
    "too many media": CHROMIUM + "m=audio 0 UDP/TLS/RTP/SAVPF 111\r\n" * 65,
    "control characters": "v=0\r\n" + "\x00" * 500,
    "unicode ICE": CHROMIUM.replace("a=ice-ufrag:", "a=ice-ufrag:ü"),
    "nan port": CHROMIUM.replace("m=audio 9", "m=audio ٣"),
}


@pytest.mark.parametrize("name", BROKEN)
async def test_nonsense_is_refused_by_name(name: str) -> None:
    with pytest.raises(MediaError) as caught:
        await answer_to(Offer(BROKEN[name], PUBLISH, SUBSCRIBE))
    assert caught.value.code == "media.bad_sdp"


async def test_mangled_offers_are_answered_or_refused_never_worse() -> None:
    chance = random.Random(5)
    lines = CHROMIUM.split("\r\n")
    on, outcomes = engine(), Counter[str]()
    for _ in range(400):
        mangled = list(lines)
        for _ in range(chance.randrange(1, 6)):
            at = chance.randrange(len(mangled))
            match chance.randrange(4):
                case 0:
                    del mangled[at]
                case 1:
                    mangled[at] = mangled[chance.randrange(len(mangled))]
                case 2:
                    cut = chance.randrange(len(mangled[at]) + 1)
                    mangled[at] = mangled[at][:cut]
                case _:
                    place = chance.randrange(len(mangled[at]) + 1)
                    mangled[at] = mangled[at][:place] + chr(chance.randrange(32, 0x250)) + mangled[at][place:]
        on.open_peer("p", "ada", "room", lambda _: None)
        try:
            SessionDescription.parse(await on.answer("p", Offer("\r\n".join(mangled), PUBLISH, SUBSCRIBE)))
            outcomes["answered"] += 1
        except MediaError as error:
            outcomes[error.code] += 1
    assert set(outcomes) <= {"answered", "media.bad_sdp", "media.no_codec"}
    assert outcomes["answered"] > 40
    assert outcomes["media.bad_sdp"] > 40


# -- what the lines mean -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("publish", "subscribe"),
    [
        ((Publish("9", "mic"),), ()),
        ((), (Subscribe("9", "bob.mic"),)),
        ((Publish("1", "mic"),), ()),
        ((Publish("0", "camera"),), ()),
        ((Publish("0", "mic"), Publish("0", "mic")), ()),
        ((Publish("0", "mic"), Publish("2", "mic")), ()),
        ((Publish("0", "mic"),), (Subscribe("0", "bob.mic"),)),
    ],
)
async def test_names_that_do_not_fit_the_offer_are_refused(
    publish: tuple[Publish, ...], subscribe: tuple[Subscribe, ...]
) -> None:
    with pytest.raises(MediaError) as caught:
        await answer_to(Offer(CHROMIUM, publish, subscribe))
    assert caught.value.code == "media.bad_sdp"


async def test_too_many_tracks_are_refused() -> None:
    many = tuple(Subscribe(str(n), f"bob.{n}") for n in range(OPTIONS.max_subscribe + 1))
    with pytest.raises(MediaError) as caught:
        await answer_to(Offer(CHROMIUM, (), many))
    assert caught.value.code == "media.too_many_tracks"


async def test_a_line_without_a_common_codec_is_refused() -> None:
    with pytest.raises(MediaError) as caught:
        await answer_to(Offer(CHROMIUM.replace(" opus/", " speex/"), PUBLISH, SUBSCRIBE))
    assert caught.value.code == "media.no_codec"


async def test_an_unknown_peer_is_refused() -> None:
    with pytest.raises(MediaError) as caught:
        await engine().answer("nobody", Offer(CHROMIUM, PUBLISH, SUBSCRIBE))
    assert caught.value.code == "media.unknown_peer"


async def test_a_refused_offer_changes_nothing() -> None:
    on = engine()
    await answer_to(Offer(CHROMIUM, PUBLISH, SUBSCRIBE), on)
    before = on.tracks("room")
    with pytest.raises(MediaError):
        await on.answer("p", Offer(CHROMIUM, (Publish("0", "camera"),), ()))
    assert on.tracks("room") == before


async def test_another_certificate_takes_another_peer() -> None:
    on = engine()
    await answer_to(Offer(CHROMIUM, PUBLISH, SUBSCRIBE), on)
    at = CHROMIUM.index("a=fingerprint:sha-256 ") + 22
    other = CHROMIUM.replace(CHROMIUM[at : at + 95], ":".join(["AB"] * 32))
    with pytest.raises(MediaError) as caught:
        await on.answer("p", Offer(other, PUBLISH, SUBSCRIBE))
    assert caught.value.code == "media.bad_sdp"


# -- the answer --------------------------------------------------------------------------------------------


async def test_the_answer_is_lite_passive_bundled_and_announced() -> None:
    on = engine()
    await on.start()
    head, *media = sections(await answer_to(Offer(CHROMIUM, PUBLISH, SUBSCRIBE), on))
    await on.close()
    assert "a=ice-lite" in head
    assert "a=group:BUNDLE 0 1 2 3" in head
    for section in media:
        assert "a=setup:passive" in section
        assert "a=rtcp-mux" in section
        assert "a=rtcp-rsize" in section
    candidates = [line.split() for line in media[0] if line.startswith("a=candidate:")]
    assert [(each[4], each[5]) for each in candidates] == [("192.0.2.1", "40000"), ("2001:db8::1", "40000")]
    assert len({each[3] for each in candidates}) == 2
    assert not any(line.startswith("a=candidate:") for section in media[1:] for line in section)


async def test_the_answer_receives_what_is_published_and_sends_what_is_subscribed() -> None:
    _, mic, camera, sound, picture = sections(await answer_to(Offer(CHROMIUM, PUBLISH, SUBSCRIBE)))
    assert "a=recvonly" in mic
    assert "a=recvonly" in camera
    assert "a=sendonly" in sound
    assert "a=sendonly" in picture
    assert camera[0].startswith("m=video 9 UDP/TLS/RTP/SAVPF 96 97 ")
    assert {f"a=rtcp-fb:96 {what}" for what in ("nack", "nack pli", "ccm fir", "transport-cc")} <= set(camera)
    assert f"a=extmap:3 {sdp.TRANSPORT_CC}" in camera
    assert not any(sdp.TRANSPORT_CC in line for line in picture)
    assert f"a=extmap:2 {sdp.SEND_TIME}" in picture
    assert "a=msid:bob bob.mic" in sound
    assert "a=msid:bob bob.camera" in picture


async def test_what_plays_in_step_shares_a_stream_and_a_screen_has_its_own() -> None:
    lines = (Subscribe("2", "bob.screen_audio"), Subscribe("3", "bob.screen"))
    _, _, _, sound, picture = sections(await answer_to(Offer(CHROMIUM, (), lines)))
    assert "a=msid:bob.screen bob.screen_audio" in sound
    assert "a=msid:bob.screen bob.screen" in picture


async def test_lines_that_mean_nothing_are_inactive() -> None:
    _, mic, camera, sound, picture = sections(await answer_to(Offer(CHROMIUM, PUBLISH[:1], ())))
    assert "a=recvonly" in mic
    for section in (camera, sound, picture):
        assert "a=inactive" in section


async def test_data_channels_and_stopped_lines_are_rejected() -> None:
    data = (
        "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\nc=IN IP4 0.0.0.0\r\na=mid:4\r\n"
        "a=sctp-port:5000\r\nm=video 0 UDP/TLS/RTP/SAVPF 96\r\na=mid:5\r\na=inactive\r\n"
    )
    offer = CHROMIUM.replace("BUNDLE 0 1 2 3", "BUNDLE 0 1 2 3 4") + data
    head, *media = sections(await answer_to(Offer(offer, PUBLISH, SUBSCRIBE)))
    assert media[4][0].startswith("m=application 0 ")
    assert media[5][0].startswith("m=video 0 ")
    assert "a=group:BUNDLE 0 1 2 3" in head


async def test_a_subscription_keeps_its_ssrc_over_offers() -> None:
    on = engine()
    first = await answer_to(Offer(CHROMIUM, PUBLISH, SUBSCRIBE), on)
    again = (await on.answer("p", Offer(CHROMIUM, PUBLISH, SUBSCRIBE))).splitlines()
    other = (await on.answer("p", Offer(CHROMIUM, PUBLISH, (Subscribe("3", "eve.camera"),)))).splitlines()

    def ssrcs(lines: list[str]) -> list[str]:
        return [line for line in sections(lines)[4] if line.startswith("a=ssrc:")]

    assert ssrcs(first)
    assert [line.split()[0] for line in ssrcs(first)] == [line.split()[0] for line in ssrcs(again)]
    assert {line.split()[0] for line in ssrcs(first)}.isdisjoint(line.split()[0] for line in ssrcs(other))


async def test_the_version_grows_and_the_origin_stays() -> None:
    on = engine()
    first = (await answer_to(Offer(CHROMIUM, PUBLISH, SUBSCRIBE), on))[1].split()
    again = (await on.answer("p", Offer(CHROMIUM, PUBLISH, SUBSCRIBE))).splitlines()[1].split()
    assert first[1] == again[1]
    assert int(again[2]) == int(first[2]) + 1


async def test_a_restart_of_ice_is_answered_with_new_credentials() -> None:
    on = engine()
    first = await answer_to(Offer(CHROMIUM, PUBLISH, SUBSCRIBE), on)
    at = CHROMIUM.index("a=ice-ufrag:") + 12
    ufrag = CHROMIUM[at : CHROMIUM.index("\r\n", at)]
    restarted = CHROMIUM.replace(f"a=ice-ufrag:{ufrag}", "a=ice-ufrag:Fresh")
    again = (await on.answer("p", Offer(restarted, PUBLISH, SUBSCRIBE))).splitlines()

    def credentials(lines: list[str]) -> set[str]:
        return {line for line in lines if line.startswith(("a=ice-ufrag", "a=ice-pwd"))}

    assert credentials(first).isdisjoint(credentials(again))


async def test_tracks_come_and_go_with_the_offers() -> None:
    on, events = engine(), []
    on.open_peer("p", "ada", "room", events.append)
    await on.answer("p", Offer(CHROMIUM, PUBLISH, ()))
    assert [track.id for track in on.tracks("room")] == ["ada.mic", "ada.camera"]
    await on.answer("p", Offer(CHROMIUM, PUBLISH[:1], ()))
    assert [track.id for track in on.tracks("room")] == ["ada.mic"]
    assert [[track.id for track in event.tracks] for event in events if isinstance(event, TracksChanged)] == [
        ["ada.mic", "ada.camera"],
        ["ada.mic"],
    ]
    stopped = CHROMIUM.replace("a=sendonly", "a=inactive", 1)
    await on.answer("p", Offer(stopped, PUBLISH[:1], ()))
    assert on.tracks("room") == []
