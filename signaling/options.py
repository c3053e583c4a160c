"""Every duration and limit of signaling, in ms; docs/protocol.md says what a client sees of them."""

from __future__ import annotations

from dataclasses import dataclass, field

from metering.meter import MeterOptions


@dataclass(frozen=True, slots=True)
class SignalingOptions:
    """The defaults are what the product runs with; tests shorten some."""

    ring_ms: int = 45_000
    """How long a call rings before it ends with `no_answer`."""
    caller_absent_ms: int = 8_000
    """How long a caller may be without a connection while it rings (a reload), before `cancelled`."""
    setup_ms: int = 60_000
    """How long both may take to connect their media after the answer, before `setup_timeout`."""
    gone_ms: int = 30_000
    """How long payer or host may be without media, before `payer_gone`, `host_gone` or `room_empty`."""
    presence_grace_ms: int = 3_000
    """How long a host counts as online after the last page went (a reload)."""
    grant_timeout_ms: int = 2_000
    """How long an extension may take before the meter is told that it failed."""
    answer_timeout_ms: int = 5_000
    """How long the media engine may take for an answer."""
    settle_late_ms: int = 2_000
    """How long `ended` waits for the settlement before it is sent with the meter's own figures."""
    retry_first_ms: int = 250
    retry_max_ms: int = 5_000
    """Waits between tries of what must not be lost: records and settlements."""
    closing_ms: int = 5_000
    """How long a shutdown waits for the calls to settle."""
    min_talk_ms: int = 10_000
    """A wallet must afford this much of a call before it may ring."""
    max_guests: int = 4
    max_pages: int = 8
    """Presence connections of one host; a further one supersedes the oldest."""
    max_gifts: int = 20
    """Gifts of time in one call."""
    pauses_at_once: int = 20
    """Pauses that one side may make in a row; one a second after that."""
    inbox_limit: int = 256
    """Messages of clients that may wait in a call's inbox."""
    records_limit: int = 500
    """Meter events that may wait for the ledger before the call ends with `ledger_silent`."""
    fresh_proof_ms: int = 100
    """Proof of life no older than this counts as up to now (packets come every 20 ms)."""
    late_proof_ms: int = 1_000
    """How long the end of the grant waits for packets that prove it; who is muted is asked every 500 ms."""
    proof_look_ms: int = 20
    """How often it looks for them."""
    beat_ms: int = 250
    beat_margin_ms: int = 300
    """How often the heartbeat is written, and how far behind the present it stays."""
    keep_ended: int = 1_000
    """How many ended calls are remembered for `view`."""
    receipt_path: str = "/receipt/{call_id}"
    node_retry_ms: int = 3_000
    """When clients shall come back after `stopping`."""
    meter: MeterOptions = field(default_factory=MeterOptions)
