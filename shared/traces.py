"""One trace from the HTTP request to the channel's attempt, passed on as W3C `traceparent`; off unless switched on.

While off, nothing is imported and each call here is one look at a global. `current` is the traceparent of the span that
the running task is in: what a submission, an event or a notification carries on, and what stands in each log line.
"""

from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext
from contextvars import ContextVar
from typing import Final, Literal, Protocol

import msgspec

Kind = Literal["internal", "server", "client", "producer", "consumer"]
Attribute = str | int | bool

_current: Final[ContextVar[str | None]] = ContextVar("traceparent", default=None)
_OFF: Final[AbstractContextManager[None]] = nullcontext()


class _Event(msgspec.Struct, frozen=True):
    """What is read of an event: nothing else of its body is looked into."""

    traceparent: str | None = None


_read_event: Final = msgspec.json.Decoder(_Event).decode


class Tracer(Protocol):
    """Makes spans; a span that is not sampled has no traceparent."""

    def span(
        self, name: str, parent: str | None, links: Iterable[str], kind: Kind, attributes: dict[str, Attribute]
    ) -> AbstractContextManager[str | None]:
        """Begin a span, which ends with the context; attributes added meanwhile count, and `error.type` fails it."""
        ...

    def spans(
        self, name: str, parents: Sequence[str | None], link: str | None, kind: Kind
    ) -> AbstractContextManager[Sequence[str | None]]:
        """Begin a span for each parent (None for none), all of which end with the context."""
        ...

    def stop(self) -> None:
        """Hand over what has been recorded, for a moment at most."""
        ...


_tracer: Tracer | None = None


def use(tracer: Tracer | None) -> None:
    """Record this process's spans with a tracer, or not at all."""
    global _tracer  # a process has one, as it has one log
    _tracer = tracer


def stop_traces() -> None:
    """Hand over what has been recorded; what the collector does not take in a moment is lost."""
    if _tracer is not None:
        _tracer.stop()


def is_on() -> bool:
    """Whether spans are recorded."""
    return _tracer is not None


def current() -> str | None:
    """Return the traceparent of the span that this task is in; None where it is in none, or that is not sampled."""
    return None if _tracer is None else _current.get()


def trace_id(traceparent: str | None) -> str | None:
    """Return the id of the trace that a traceparent belongs to."""
    return None if traceparent is None else traceparent[3:35]


def of_event(body: bytes) -> str | None:
    """Return the traceparent that an event carries in its body; None also while off."""
    return None if _tracer is None else _read_event(body).traceparent


def span(
    name: str, *, parent: str | None, kind: Kind = "internal", attributes: dict[str, Attribute] | None = None
) -> AbstractContextManager[str | None]:
    """Be in a new span, child of `parent`; without one it begins a trace. Gives its traceparent, None while off.

    What is added to `attributes` while it lasts is recorded too; `error.type` among them marks the span as failed.
    """
    if _tracer is None:
        return _OFF
    return _Within(_tracer.span(name, parent, (), kind, attributes or {}))


def child(
    name: str, parent: str | None, *, kind: Kind = "internal", attributes: dict[str, Attribute] | None = None
) -> AbstractContextManager[str | None]:
    """Be in a new span of a trace that began elsewhere; in none where that was not traced."""
    return _OFF if parent is None else span(name, parent=parent, kind=kind, attributes=attributes)


def batch(
    name: str, links: Iterable[str | None], *, kind: Kind = "internal", attributes: dict[str, Attribute] | None = None
) -> AbstractContextManager[str | None]:
    """Be in a span of its own trace that is linked to all that it serves; in none where nothing of that is traced."""
    if _tracer is None:
        return _OFF
    linked = [link for link in links if link]
    return _Within(_tracer.span(name, None, linked, kind, attributes or {})) if linked else _OFF


def spans(
    name: str, parents: Sequence[str | None], *, link: str | None = None, kind: Kind = "internal"
) -> AbstractContextManager[Sequence[str | None]]:
    """Begin a span for each parent; gives their traceparents, in order, and while off the parents themselves."""
    return nullcontext(parents) if _tracer is None else _tracer.spans(name, parents, link, kind)


class _Within(AbstractContextManager[str | None]):
    """A span that is the current one of its task while it lasts."""

    def __init__(self, inner: AbstractContextManager[str | None]) -> None:
        self._inner = inner

    def __enter__(self) -> str | None:
        """Enter the span."""
        traceparent = self._inner.__enter__()
        self._token = _current.set(traceparent)
        return traceparent

    def __exit__(self, *raised: object) -> None:
        """Leave it."""
        _current.reset(self._token)
        self._inner.__exit__(*raised)  # type: ignore[arg-type]  # handed on as it came
