"""Which peer connection an offer comes from, told from its SDP.

A page that reconnects makes a new RTCPeerConnection, and its offer needs a new peer; a later offer of the
same one (a screen share, an ICE restart) does not. Nothing in the message says which, for the SDP already
does: a new peer connection has both a new session id (`o=`, RFC 8866 section 5.2, constant over one JSEP
session by RFC 8829 section 5.2.1) and new ICE credentials (`a=ice-ufrag`, RFC 8839). A restart of ICE changes
only the latter, and clients that write `o=` afresh for every offer change only the former.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_SESSION = re.compile(r"^o=\S+ (\S+) ", re.MULTILINE)
_UFRAG = re.compile(r"^a=ice-ufrag:(\S+)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class OfferMark:
    """What identifies a peer connection. Empty strings where the SDP says nothing."""

    session: str
    ufrag: str

    @staticmethod
    def of(sdp: str) -> OfferMark:
        """Never fails: whether the SDP is any good is the media engine's judgement."""
        session, ufrag = _SESSION.search(sdp), _UFRAG.search(sdp)
        return OfferMark(session.group(1) if session else "", ufrag.group(1) if ufrag else "")

    def is_same_connection(self, other: OfferMark) -> bool:
        """Whether two offers come from one peer connection."""
        return self.session == other.session or self.ufrag == other.ufrag
