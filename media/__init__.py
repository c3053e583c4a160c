"""WebRTC: one UDP port, ICE-lite, DTLS, SRTP, forwarding, proof of life. Knows no money."""
