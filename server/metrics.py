"""What Prometheus sees at /metrics. Every metric is in docs/operations.md; a test compares.

Counters move where things happen; gauges that belong to another part are asked for at the scrape, so that no
part needs to know of Prometheus.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.core import CounterMetricFamily
from prometheus_client.registry import Collector

from signaling.clock import Clock

METER_STATES = ("waiting", "running", "paused", "reconnecting", "exhausted", "ended")
_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
LAG_BEAT_S = 0.5


# The moments at which series were created double their number and tell nobody anything.
disable_created_metrics()  # type: ignore[no-untyped-call]


class Totals(Collector):
    """Counters that another part keeps: their values are told at each scrape."""

    def __init__(self, name: str, about: str, label: str) -> None:
        self._name, self._about, self._label = name, about, label
        self.values: Mapping[str, float] = {}

    def collect(self) -> Iterable[CounterMetricFamily]:
        """For the registry."""
        family = CounterMetricFamily(self._name, self._about, labels=[self._label])
        for name, value in self.values.items():
            family.add_metric([name], value)
        yield family


class Metrics:
    """One registry per server, so that two servers in one test do not mix."""

    content_type = CONTENT_TYPE_LATEST

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        counter, gauge, histogram = self._counter, self._gauge, self._histogram
        self.requests = counter(
            "talktime_http_requests_total", "HTTP requests.", ("route", "method", "status")
        )
        self.request_seconds = histogram("talktime_http_request_seconds", "Time to answer.", ("route",))
        self.refusals = counter("talktime_refusals_total", "Refusals by stable code.", ("code",))
        self._signals = {
            "calls_opened": counter("talktime_calls_opened_total", "Calls that were taken."),
            "calls_ended": counter("talktime_calls_ended_total", "Calls that ended, by reason.", ("reason",)),
            "connections": counter("talktime_connections_total", "Socket.IO connections.", ("kind",)),
            "messages": counter("talktime_messages_total", "Messages from clients.", ("type",)),
            "refusals": self.refusals,
            "task_crashes": counter(
                "talktime_task_crashes_total", "Background tasks that crashed.", ("task",)
            ),
            "ledger_retries": counter("talktime_ledger_retries_total", "Writes tried again.", ("operation",)),
            "grants": counter("talktime_grants_total", "Answers to extensions of holds.", ("result",)),
            "deliveries": counter(
                "talktime_deliveries_total", "Attempts to deliver out of the outbox.", ("kind", "result")
            ),
            "beats": counter("talktime_beats_total", "Heartbeats written or failed.", ("result",)),
        }
        self.calls_live = gauge("talktime_calls_live", "Calls that ring or are open.")
        self.meters = gauge("talktime_meters", "Open calls by the state of their meter.", ("state",))
        self.holds = gauge("talktime_holds", "Open holds in the ledger.", ("currency",))
        self.held_minor = gauge("talktime_held_minor", "Money on hold, in minor units.", ("currency",))
        self.calls_recovered = counter(
            "talktime_calls_recovered_total", "Calls settled at start because a crash left them open."
        )
        self.experts_online = gauge("talktime_experts_online", "Experts whose page is connected.")
        self.database = self._totals("talktime_database_total", "What the database's writer did.", "counter")
        self.database_waiting = gauge("talktime_database_waiting", "Jobs in a queue.", ("queue",))
        self.outbox = gauge("talktime_outbox", "Parcels that are not delivered.", ("kind", "state"))
        self.media = self._totals("talktime_media_total", "What the media engine did and dropped.", "counter")
        self.media_open = gauge("talktime_media_open", "What the media engine has open.", ("thing",))
        self.ledger_seconds = histogram(
            "talktime_ledger_seconds", "Time of a ledger operation.", ("operation",)
        )
        self.ledger_errors = counter(
            "talktime_ledger_errors_total", "Ledger operations that failed.", ("code",)
        )
        self.lag_seconds = histogram("talktime_loop_lag_seconds", "How late the event loop wakes up.", ())
        self.ready = gauge("talktime_ready", "1 while the server takes new calls.")

    def _totals(self, name: str, about: str, label: str) -> Totals:
        totals = Totals(name, about, label)
        self.registry.register(totals)
        return totals

    def _counter(self, name: str, about: str, labels: tuple[str, ...] = ()) -> Counter:
        return Counter(name, about, labels, registry=self.registry)

    def _gauge(self, name: str, about: str, labels: tuple[str, ...] = ()) -> Gauge:
        return Gauge(name, about, labels, registry=self.registry)

    def _histogram(self, name: str, about: str, labels: tuple[str, ...]) -> Histogram:
        return Histogram(name, about, labels, registry=self.registry, buckets=_SECONDS)

    def count(self, name: str, **labels: str) -> None:
        """What signaling counts (`signaling.metrics.Metrics`). An unknown name is a mistake of ours."""
        counter = self._signals[name]
        (counter.labels(**labels) if labels else counter).inc()

    def request(self, route: str, method: str, status: int, took_ms: int, code: str) -> None:
        """Count a request; `code` is "" unless it was refused."""
        self.requests.labels(route, method, str(status)).inc()
        self.request_seconds.labels(route).observe(took_ms / 1000)
        if code:
            self.refusals.labels(code).inc()

    def render(self) -> bytes:
        """The exposition text."""
        return generate_latest(self.registry)

    def names(self) -> list[str]:
        """Every metric's name, as it is documented."""
        return [
            f"{metric.name}_total" if metric.type == "counter" else metric.name
            for metric in self.registry.collect()
        ]


async def watch_lag(clock: Clock, metrics: Metrics) -> None:
    """Measure how late the loop wakes up, until cancelled."""
    while True:
        due_ms = clock.now_ms() + round(LAG_BEAT_S * 1000)
        await clock.sleep(LAG_BEAT_S)
        metrics.lag_seconds.observe(max(0, clock.now_ms() - due_ms) / 1000)
