"""What workers and gateways tell all gateways: nobody waits for it, and what is lost is told anew soon."""

from typing import Final, Protocol

import msgspec
from uuid_utils.compat import uuid7

from shared.contracts import RequestsTaken, WorkerPulse

_encode: Final = msgspec.msgpack.Encoder().encode


class Publishes(Protocol):
    """Publishes to an exchange."""

    async def publish(
        self,
        body: bytes,
        *,
        routing_key: str,
        exchange: str,
        message_id: str,
        content_type: str,
        message_type: str,
        mandatory: bool,
    ) -> None:
        """Publish or raise `BrokerUnavailable`."""
        ...


class Broadcast:
    """Reaches every gateway that there is, which may be none."""

    def __init__(self, publisher: Publishes, exchange: str) -> None:
        self._publisher = publisher
        self._exchange = exchange

    async def tell(self, message: WorkerPulse | RequestsTaken) -> None:
        """Tell all gateways, or raise `BrokerUnavailable`."""
        await self._publisher.publish(
            _encode(message),
            exchange=self._exchange,
            routing_key="",
            message_id=str(uuid7()),
            content_type="application/msgpack",
            message_type=str(type(message).__struct_config__.tag),
            mandatory=False,
        )
