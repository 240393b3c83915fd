"""Logs as JSON events on standard error, one Prometheus endpoint per process, and where its traces go.

A log line is an event with fields (`order.applied`), never a sentence with values in it, and holds no key and no
personal data: what is logged is named explicitly, and errors of drivers are logged by class and code.
"""

import logging
from collections.abc import MutableMapping
from importlib.metadata import version
from typing import Any, Final

import stamina.instrumentation
import structlog
from prometheus_client import start_http_server
from stamina.instrumentation import RetryDetails
from structlog.typing import FilteringBoundLogger

from shared.errors import Misconfigured
from shared.log_lines import standard_error
from shared.metrics import LOGGED, PROCESS, REGISTRY, RETRIES
from shared.redaction import format_error, redact
from shared.traces import current, trace_id, use

log: FilteringBoundLogger = structlog.get_logger()
DEBUG: Final = logging.DEBUG
"""For `log.is_enabled_for`, where a line for each submission would cost too much."""


def start_logging(service: str, level: str) -> None:
    """Send this process's logs, and those of its libraries, to standard error as JSON, one event a line."""
    number = logging.getLevelNamesMapping().get(level.upper())
    if number is None:
        raise Misconfigured(f"settings: LOG_LEVEL: {level!r} is none of debug, info, warning, error")
    shared_steps: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        format_error,
        redact,
    ]
    structlog.configure(
        processors=[_count, _add_trace, *shared_steps, structlog.processors.JSONRenderer()],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.WriteLoggerFactory(standard_error()),
        cache_logger_on_first_use=True,
    )
    structlog.contextvars.bind_contextvars(service=service)
    stamina.instrumentation.set_on_retry_hooks([_note_retry])
    PROCESS.labels(service, version("bugalou")).set(1)
    handler = logging.StreamHandler(standard_error())
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared_steps, processor=structlog.processors.JSONRenderer()
        )
    )
    logging.basicConfig(level=max(number, logging.WARNING), handlers=[handler], force=True)
    # The drivers tell of each failed reconnection, URLs included; our own events say the same without.
    for noisy in ("aio_pika", "aiormq"):
        logging.getLogger(noisy).setLevel(logging.CRITICAL)


def start_metrics(host: str, port: int) -> None:
    """Serve this process's metrics; port 0 serves none."""
    if port:
        try:
            start_http_server(port, host, REGISTRY)
        except OSError as error:
            raise Misconfigured(f"settings: METRICS_PORT: cannot listen on {host}:{port} ({error.strerror})") from error


def start_traces(service: str, exporter: str) -> None:
    """Send this process's spans to a collector (`otlp`, which OpenTelemetry's OTEL_... variables set up), or `none`."""
    if exporter == "none":
        return
    try:
        from shared.spans import OpenTelemetry, otlp_exporter
    except ImportError as error:
        raise Misconfigured("settings: TRACES: needs the extra: pip install 'bugalou[traces]'") from error
    use(OpenTelemetry(service, otlp_exporter()))


def _count(_logger: Any, method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Count what somebody should look at; the names of our own events are a closed set."""
    if method in ("warning", "error"):
        LOGGED.labels(method, event["event"]).inc()
    return event


def _add_trace(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Name the trace that an event belongs to, where there is one."""
    traceparent = current()
    if traceparent is not None:
        event.setdefault("trace", trace_id(traceparent))
    return event


def _note_retry(details: RetryDetails) -> None:
    """Count and log a retry; stamina's own hooks would log the arguments, which may be anything."""
    cause = type(details.caused_by).__name__
    RETRIES.labels(cause).inc()
    log.warning("retry.scheduled", cause=cause, retry=details.retry_num, seconds=round(details.wait_for, 3))
