"""Every metric of every service: one closed, typed list. Names, help and labels are declared here and nowhere else.

Times are in seconds, sizes in bytes or counts. A label takes its values from a closed set (a service's own names, HTTP
methods and statuses, routes as declared, channels, causes), never from a request: no account, order or key is a label.
deploy/monitoring/metrics.md lists all of them for operators (`make docs`); a test holds that page, the alerts and the
dashboards to this list.

A lag is a gauge of its own kind (`Lag`): how long the oldest of something has waited. It is measured now and then and
grows by itself in between, so that a scrape asks no database, and a lag that cannot be measured does not look mended.
"""

import time
from collections.abc import Callable
from contextlib import suppress
from typing import Final, Literal

from msgspec import Struct
from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    GCCollector,
    Histogram,
    PlatformCollector,
    ProcessCollector,
    disable_created_metrics,
)


class Declared(Struct, frozen=True):
    """One metric as it is declared; `name` is without what Prometheus appends (`_total`, `_bucket`)."""

    name: str
    kind: Literal["counter", "gauge", "histogram"]
    labels: tuple[str, ...]
    help: str


DECLARED: Final[list[Declared]] = []
"""The whole list, in the order of this module."""
REGISTRY: Final = CollectorRegistry()
"""What a process serves to Prometheus."""

disable_created_metrics()  # type: ignore[no-untyped-call]  # a series more for each counter, which nobody reads
ProcessCollector(registry=REGISTRY)
PlatformCollector(registry=REGISTRY)
GCCollector(registry=REGISTRY)

_FAST: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
_SLOW: Final = (0.1, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 300.0, 1800.0, 7200.0)
_COUNTS: Final = (1, 2, 5, 10, 20, 50, 100, 150, 200, 250, 300, 400, 500, 1000, 10_000)
_BYTES: Final = (1024, 4096, 16_384, 65_536, 262_144, 1_048_576, 16_777_216)


class Lag:
    """How long the oldest of something has waited; each series of a lag's gauge is one of these."""

    def __init__(self, gauge: Gauge, *labels: str, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._since: float | None = None
        (gauge.labels(*labels) if labels else gauge).set_function(self.seconds)

    def measured(self, seconds: float | None) -> None:
        """Take a measure: how long the oldest has waited, None where nothing waits."""
        self._since = None if seconds is None else self._monotonic() - seconds

    def seconds(self) -> float:
        """Return the lag now; 0 where nothing waits."""
        return 0.0 if self._since is None else max(0.0, self._monotonic() - self._since)


def watch(gauge: Gauge, look: Callable[[], float | None], *labels: str) -> None:
    """Let a gauge look for its value when it is scraped; `look` must be quick, and None is no value (NaN)."""

    def value() -> float:
        # A scrape must not fail because one thing cannot be told.
        with suppress(Exception):
            seen = look()
            return float("nan") if seen is None else seen
        return float("nan")

    (gauge.labels(*labels) if labels else gauge).set_function(value)


def counter(name: str, help: str, *labels: str) -> Counter:
    """Declare a counter; Prometheus appends `_total` to its name."""
    DECLARED.append(Declared(name, "counter", labels, help))
    return Counter(name, help, labels, registry=REGISTRY)


def gauge(name: str, help: str, *labels: str) -> Gauge:
    """Declare a gauge."""
    DECLARED.append(Declared(name, "gauge", labels, help))
    return Gauge(name, help, labels, registry=REGISTRY)


def histogram(name: str, help: str, *labels: str, buckets: tuple[float, ...] = _FAST) -> Histogram:
    """Declare a histogram; its series are `_bucket`, `_sum` and `_count`."""
    DECLARED.append(Declared(name, "histogram", labels, help))
    return Histogram(name, help, labels, registry=REGISTRY, buckets=buckets)


# A process
PROCESS: Final = gauge(
    "bugalou_process_info", "1, with the service and the version of the process", "service", "version"
)
LOGGED: Final = counter("bugalou_logged", "Events logged as warnings or errors", "level", "event")
LOST_LOG_LINES: Final = counter("bugalou_log_lines_lost", "Log lines that could not be written, as on a full disk")
RETRIES: Final = counter("bugalou_retries", "Attempts that failed and are made again, by what was away", "cause")

# HTTP: gateway and console
HTTP_REQUESTS: Final = counter(
    "bugalou_http_requests",
    "Answers by route and status; route is `other` for unknown addresses",
    "method",
    "route",
    "status",
)
HTTP_SECONDS: Final = histogram(
    "bugalou_http_request_seconds", "From a request's head to its answer", "method", "route"
)
KEYRING_AGE: Final = gauge("bugalou_keyring_age_seconds", "How long ago the API keys were last known to be current")
KEYRING_KEYS: Final = gauge("bugalou_keyring_keys", "How many API keys are in memory")

# Gateway
ACCEPTED: Final = counter("bugalou_gateway_submissions_accepted", "Submissions that RabbitMQ has confirmed")
COMMIT_SUBMISSIONS: Final = histogram(
    "bugalou_gateway_commit_submissions", "Submissions in one message (group commit)", buckets=_COUNTS
)
COMMIT_BYTES: Final = histogram("bugalou_gateway_commit_bytes", "Bytes of one message (group commit)", buckets=_BYTES)
UNCONFIRMED: Final = gauge("bugalou_gateway_unconfirmed_submissions", "Submissions that await RabbitMQ's confirm")
QUEUE_MESSAGES: Final = gauge("bugalou_submissions_queue_messages", "Messages that wait for the workers")
SUBMISSIONS_LAG: Final = gauge(
    "bugalou_submissions_lag_seconds", "How long the oldest submission has waited for a worker, as this gateway sees it"
)
CLOCK_OFFSET: Final = gauge("bugalou_clock_offset_seconds", "How far this host's clock is ahead of Postgres's")
CLOCK_UNCERTAINTY: Final = gauge(
    "bugalou_clock_uncertainty_seconds", "How far the measure of Postgres's clock may be off"
)

# RabbitMQ
BROKER_CONNECTED: Final = gauge(
    "bugalou_broker_connected", "1 while a connection to RabbitMQ can be used", "connection"
)
CONFIRM_SECONDS: Final = histogram(
    "bugalou_broker_confirm_seconds", "From publishing a message to RabbitMQ's confirm", "connection"
)
PUBLISH_FAILURES: Final = counter(
    "bugalou_broker_publish_failures",
    "Messages that RabbitMQ did not confirm: refused, returned, timeout or lost",
    "connection",
    "cause",
)
DELIVERED: Final = counter("bugalou_broker_deliveries", "Messages received", "connection")
REDELIVERED: Final = counter("bugalou_broker_redeliveries", "Messages received that had come before", "connection")

# Postgres
POOL_CONNECTIONS: Final = gauge(
    "bugalou_database_connections", "Connections by state: used, idle or most", "pool", "state"
)
ACQUIRE_SECONDS: Final = histogram(
    "bugalou_database_acquire_seconds", "How long a transaction waited for a connection of the pool", "pool"
)
DATABASE_FAILURES: Final = counter(
    "bugalou_database_failures", "Transactions that did not commit: unavailable or refused", "pool", "cause"
)

# Worker
SETTLED: Final = counter("bugalou_worker_submissions", "Submissions settled, by what became of them", "state")
BATCH_SUBMISSIONS: Final = histogram("bugalou_worker_batch_submissions", "Submissions in one batch", buckets=_COUNTS)
BATCH_MESSAGES: Final = histogram("bugalou_worker_batch_messages", "Messages in one batch", buckets=_COUNTS)
BATCH_SECONDS: Final = histogram(
    "bugalou_worker_batch_seconds", "How long one batch took, halving and waiting included"
)
SETTLE_SECONDS: Final = histogram(
    "bugalou_worker_settle_seconds",
    "From accepting a batch's oldest submission to its commit",
    buckets=_FAST + _SLOW[7:],
)
WORKER_LAG: Final = gauge(
    "bugalou_worker_lag_seconds", "How long the oldest submission in this worker's hands has waited"
)
FAILURES: Final = counter("bugalou_failures", "What was set aside because no retry mends it", "place", "cause")
FAILURES_OPEN: Final = gauge(
    "bugalou_failures_open", "Failures that nobody has replayed yet, 1,000 at most", "place", "cause"
)

# Relay
CARRIED: Final = counter("bugalou_relay_events", "Events published", "type")
CARRIED_BATCH: Final = histogram("bugalou_relay_batch_events", "Events in one transaction", buckets=_COUNTS)
OUTBOX_LAG: Final = gauge(
    "bugalou_outbox_lag_seconds", "How long the oldest event that some queue has not confirmed has waited"
)

# Notifier
PLANNED: Final = counter(
    "bugalou_notifications_planned",
    "Notifications asked for by events; an event that comes twice counts twice",
    "kind",
    "channel",
)
NOT_SENT: Final = counter(
    "bugalou_notifications_not_sent", "Notifications that were due and did not leave, by why not", "channel", "reason"
)
DELIVERIES: Final = counter("bugalou_notifier_deliveries", "Delivery attempts by their outcome", "channel", "outcome")
DELIVERY_SECONDS: Final = histogram(
    "bugalou_notifier_delivery_seconds", "How long one delivery attempt took", "channel"
)
HANDOVER_SECONDS: Final = histogram(
    "bugalou_notifier_handover_seconds", "From the moment a message fell due to its hand-over", "channel", buckets=_SLOW
)
NOTIFICATIONS_LAG: Final = gauge(
    "bugalou_notifications_lag_seconds", "How long the oldest notification that is due has waited", "channel"
)
CHANNEL_FAILURES: Final = gauge(
    "bugalou_notifier_channel_failures",
    "How often in a row a channel's server could not be reached; 0 while it can",
    "channel",
)
