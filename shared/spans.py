"""Traces by OpenTelemetry; imported only where they are switched on.

Span contexts are passed on as text (`shared.traces`), never by OpenTelemetry's own context: what a span belongs to is
always said, so that a task which outlives its request is not taken for a part of it.
"""

import re
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from importlib.metadata import version
from typing import Final

from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter
from opentelemetry.trace import (
    Link,
    NonRecordingSpan,
    Span,
    SpanContext,
    SpanKind,
    Status,
    StatusCode,
    TraceFlags,
    set_span_in_context,
)

from shared.traces import Attribute, Kind

_KINDS: Final[dict[Kind, SpanKind]] = {
    "internal": SpanKind.INTERNAL,
    "server": SpanKind.SERVER,
    "client": SpanKind.CLIENT,
    "producer": SpanKind.PRODUCER,
    "consumer": SpanKind.CONSUMER,
}
# W3C Trace Context: version 00; what a stranger sends in any other form begins a trace of our own.
_TRACEPARENT: Final = re.compile(r"00-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})")
_FLUSH_SECONDS: Final = 1.5
MOST_LINKS: Final = 128
"""OpenTelemetry's own limit for a span; of a larger batch the first are linked."""


def otlp_exporter() -> SpanExporter:
    """Return an exporter that OTEL_EXPORTER_OTLP_ENDPOINT and its like set up."""
    return OTLPSpanExporter()


class OpenTelemetry:
    """Records the spans of one process and exports them from a thread of its own, which never holds a request up.

    What is recorded is bounded (OTEL_BSP_MAX_QUEUE_SIZE): with the collector away, the oldest spans are dropped.
    """

    def __init__(self, service: str, exporter: SpanExporter) -> None:
        resource = Resource.create({"service.name": f"bugalou-{service}", "service.version": version("bugalou")})
        # Not at exit: that could take as long as the collector likes.
        self._provider = TracerProvider(resource=resource, shutdown_on_exit=False)
        self._provider.add_span_processor(BatchSpanProcessor(exporter))
        self._tracer = self._provider.get_tracer("bugalou")

    @contextmanager
    def span(
        self, name: str, parent: str | None, links: Iterable[str], kind: Kind, attributes: dict[str, Attribute]
    ) -> Iterator[str | None]:
        """Be in a span; an exception marks it as failed, by its class alone, and so does `error.type` at its end."""
        linked = [Link(context) for link in list(links)[:MOST_LINKS] if (context := _read(link))]
        span = self._tracer.start_span(
            name, context=_context_of(parent), kind=_KINDS[kind], links=linked, attributes=attributes
        )
        try:
            yield _write(span)
        except BaseException as error:
            span.set_status(Status(StatusCode.ERROR, type(error).__name__))
            raise
        finally:
            span.set_attributes(attributes)
            if "error.type" in attributes:
                span.set_status(Status(StatusCode.ERROR))
            span.end()

    @contextmanager
    def spans(
        self, name: str, parents: Sequence[str | None], link: str | None, kind: Kind
    ) -> Iterator[Sequence[str | None]]:
        """Be in many spans at once, one for each parent that there is."""
        context = _read(link)
        linked = [Link(context)] if context else []
        begun = [
            self._tracer.start_span(name, context=_context_of(parent), kind=_KINDS[kind], links=linked)
            if parent is not None
            else None
            for parent in parents
        ]
        try:
            yield [None if span is None else _write(span) for span in begun]
        finally:
            for span in begun:
                if span is not None:
                    span.end()

    def flush(self) -> None:
        """Hand over what has been recorded, however long it takes."""
        self._provider.force_flush()

    def stop(self) -> None:
        """Hand over what has been recorded, for a moment at most."""
        flushing = threading.Thread(target=self._provider.shutdown, daemon=True)
        flushing.start()
        flushing.join(_FLUSH_SECONDS)


def _read(traceparent: str | None) -> SpanContext | None:
    found = _TRACEPARENT.fullmatch(traceparent) if traceparent is not None else None
    if found is None:
        return None
    trace, parent, flags = (int(part, 16) for part in found.groups())
    return SpanContext(trace, parent, is_remote=True, trace_flags=TraceFlags(flags))


def _context_of(traceparent: str | None) -> Context:
    context = _read(traceparent)
    return Context() if context is None else set_span_in_context(NonRecordingSpan(context), Context())


def _write(span: Span) -> str | None:
    context = span.get_span_context()
    if not context.trace_flags.sampled:
        return None
    return f"00-{context.trace_id:032x}-{context.span_id:016x}-01"
