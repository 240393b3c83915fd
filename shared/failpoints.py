"""Places where a test makes a process die, fail or stand still; off unless BUGALOU_FAILPOINTS names some.

What must not be lost is decided between two steps (committed and not yet acknowledged, confirmed and not yet marked),
and no signal from outside hits such a moment reliably. The variable holds terms with spaces between,

    point=action[:seconds][+skipped][*times][@probability][?about]

    worker.committed=exit+20                    the process kills itself the 21st time that it gets there
    relay.confirmed=pause:30*1                  stands still there for 30 seconds, once
    worker.merging=raise@0.05                   fails every twentieth time, as if the server had gone away
    worker.merging=exit?INV-2026-042            dies whenever this order number is in the batch (a poison message)

`exit` is SIGKILL from inside: nothing is flushed or closed. `raise` raises what the code there expects of a lost server
(`FAILURES`), `pause` awaits. BUGALOU_FAILPOINTS_FILE names a file instead, which is read when a process starts. While
nothing is named, a point costs one look at an empty dict. A process that has some warns of them when it starts.
"""

import asyncio
import os
import random
import re
import signal
from collections import defaultdict
from collections.abc import Iterable
from enum import StrEnum
from typing import Final, Literal, cast

from msgspec import Struct

from shared.errors import BrokerUnavailable, DatabaseUnavailable, Misconfigured, Unavailable
from shared.telemetry import log


class Point(StrEnum):
    """Every place there is, named for what has just happened."""

    GATEWAY_GATHERED = "gateway.gathered"
    """Submissions are about to be published: nobody holds them yet."""
    GATEWAY_CONFIRMED = "gateway.confirmed"
    """The broker holds them, and no client knows."""
    WORKER_MERGING = "worker.merging"
    """A batch's transaction has begun; about the order numbers in it."""
    WORKER_MERGED = "worker.merged"
    """All of it is written, and not committed."""
    WORKER_COMMITTED = "worker.committed"
    """It is committed, and its messages are not acknowledged."""
    WORKER_SET_ASIDE = "worker.set_aside"
    """A failure is recorded, and its message is not acknowledged; about the cause."""
    RELAY_CLAIMED = "relay.claimed"
    """Events are locked, and not published."""
    RELAY_CONFIRMED = "relay.confirmed"
    """The broker holds the events, and they are not marked as sent."""
    NOTIFIER_PLANNED = "notifier.planned"
    """Notifications are planned, and their events are not acknowledged."""
    NOTIFIER_CLAIMED = "notifier.claimed"
    """A notification's claim is committed, and the channel has not been asked; about the channel."""
    NOTIFIER_DELIVERED = "notifier.delivered"
    """The channel has taken it (SMTP's 250, a webhook's 2xx), and it is not recorded; about the channel."""


FAILURES: Final[dict[Point, type[Unavailable]]] = {
    **dict.fromkeys(Point, DatabaseUnavailable),
    Point.GATEWAY_GATHERED: BrokerUnavailable,
    Point.GATEWAY_CONFIRMED: BrokerUnavailable,
    Point.RELAY_CLAIMED: BrokerUnavailable,
    Point.RELAY_CONFIRMED: BrokerUnavailable,
}
"""What `raise` raises at a point."""

_TERM: Final = re.compile(
    r"(?P<point>[a-z_.]+)=(?P<action>exit|raise|pause)(:(?P<seconds>\d+(\.\d+)?))?(\+(?P<skipped>\d+))?"
    r"(\*(?P<times>\d+))?(@(?P<probability>[01](\.\d+)?))?(\?(?P<about>\S+))?"
)
_FOR_EVER_SECONDS: Final = 86_400.0


class _Armed(Struct):
    point: Point
    action: Literal["exit", "raise", "pause"]
    seconds: float
    skipped: int
    times: int | None
    probability: float
    about: str | None

    def fires(self, about: Iterable[str]) -> bool:
        """Tell whether it is this time, and count."""
        if self.about is not None and self.about not in about:
            return False
        if self.skipped:
            self.skipped -= 1
            return False
        if self.times == 0 or random.random() >= self.probability:  # noqa: S311  # guards nothing
            return False
        if self.times is not None:
            self.times -= 1
        return True


_armed: Final[defaultdict[Point, list[_Armed]]] = defaultdict(list)


def arm(specification: str | None) -> None:
    """Arm these points and no others; for the start of a process, and for tests."""
    _armed.clear()
    for term in (specification or "").split():
        one = _read(term)
        _armed[one.point].append(one)
    if _armed:
        log.warning("failpoints.armed", points=sorted(_armed))


def _read(term: str) -> _Armed:
    match = _TERM.fullmatch(term)
    if match is None or match["point"] not in list(Point):
        raise Misconfigured(f"settings: FAILPOINTS: {term!r} is none; the points are {', '.join(Point)}")
    return _Armed(
        point=Point(match["point"]),
        action=cast("Literal['exit', 'raise', 'pause']", match["action"]),
        seconds=float(match["seconds"] or _FOR_EVER_SECONDS),
        skipped=int(match["skipped"] or 0),
        times=None if match["times"] is None else int(match["times"]),
        probability=float(match["probability"] or 1),
        about=match["about"],
    )


async def reach(point: Point, about: Iterable[str] = ()) -> None:
    """Do what is armed for this point; `about` is what a term's `?` is compared with, and not looked at otherwise."""
    if not _armed:
        return
    for one in _armed.get(point, ()):
        if not one.fires(about):
            continue
        log.warning("failpoint.reached", point=point, action=one.action)
        match one.action:
            case "exit":
                os.kill(os.getpid(), signal.SIGKILL)
            case "raise":
                raise FAILURES[point](f"failpoint {point}")
            case "pause":
                await asyncio.sleep(one.seconds)
