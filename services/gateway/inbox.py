"""A gateway's own queue: answers to its waiting requests, and what workers and other gateways tell all gateways."""

import asyncio
from collections.abc import Callable
from typing import Any, Final

import msgspec

from shared.broker import Delivery
from shared.contracts import RequestsTaken, SettledBatch, WorkerPulse
from shared.errors import UNREADABLE
from shared.telemetry import log

_decode: Final = msgspec.msgpack.Decoder(SettledBatch | WorkerPulse | RequestsTaken).decode


class Inbox:
    """Hands each message to what its type is for; losing one harms nobody, so each is acknowledged at once."""

    def __init__(
        self,
        *,
        settled: Callable[[SettledBatch], None],
        pulse: Callable[[WorkerPulse], None],
        taken: Callable[[RequestsTaken], None],
    ) -> None:
        self._handlers: dict[type, Callable[[Any], None]] = {
            SettledBatch: settled,
            WorkerPulse: pulse,
            RequestsTaken: taken,
        }
        self._acknowledging: set[asyncio.Task[None]] = set()

    def accept(self, delivery: Delivery) -> None:
        """Take one message from the consumer."""
        acknowledging = asyncio.get_running_loop().create_task(delivery.ack())
        self._acknowledging.add(acknowledging)
        acknowledging.add_done_callback(self._acknowledging.discard)
        try:
            message = _decode(delivery.body)
        except UNREADABLE as error:
            log.error("inbox.undecodable", error=type(error).__name__)
        else:
            self._handlers[type(message)](message)
