"""What the gateway can be told."""

from typing import Final

from environs import FileAwareEnv, validate
from msgspec import Struct

from services.gateway.group_commit import Limits
from shared.settings import MOST_BODY_BYTES, Common, Web, common, publish_seconds, web

_MESSAGE_BYTES: Final = 8 * 1024 * 1024
"""RabbitMQ 4 refuses what is above 16 MiB, and a message is somewhat more than its submissions."""
_MEMORY_BYTES: Final = 64 * 1024 * 1024 * 1024


class Settings(Struct, frozen=True, kw_only=True):
    """What bounds a gateway, besides its group commit.

    `publish_seconds` the wait for the broker's confirm, `bodies_bytes` what all bodies under way may hold in memory,
    `backlog_submissions` what may wait for the workers before new submissions get 503.
    """

    common: Common
    web: Web
    limits: Limits
    publish_seconds: float
    bodies_bytes: int
    backlog_submissions: int


def fill(env: FileAwareEnv) -> Settings:
    """Read the gateway's settings."""
    return Settings(
        common=common(env),
        web=web(env),
        limits=Limits(
            message_submissions=env.int("GATEWAY_MESSAGE_SUBMISSIONS", 250, validate=validate.Range(1, 10_000)),
            message_bytes=env.int("GATEWAY_MESSAGE_BYTES", 1024 * 1024, validate=validate.Range(1, _MESSAGE_BYTES)),
            messages_in_flight=env.int("GATEWAY_MESSAGES_IN_FLIGHT", 8, validate=validate.Range(1, 1000)),
            unconfirmed_submissions=env.int(
                "GATEWAY_UNCONFIRMED_SUBMISSIONS", 50_000, validate=validate.Range(1, 10_000_000)
            ),
            unconfirmed_bytes=env.int(
                "GATEWAY_UNCONFIRMED_BYTES", 256 * 1024 * 1024, validate=validate.Range(1, _MEMORY_BYTES)
            ),
            linger_seconds=env.float("GATEWAY_LINGER_SECONDS", 0.02, validate=validate.Range(0, 1)),
        ),
        publish_seconds=publish_seconds(env),
        backlog_submissions=env.int(
            "GATEWAY_BACKLOG_SUBMISSIONS", 2_000_000, validate=validate.Range(1, 1_000_000_000)
        ),
        bodies_bytes=env.int(
            "GATEWAY_BODIES_BYTES", 256 * 1024 * 1024, validate=validate.Range(MOST_BODY_BYTES, _MEMORY_BYTES)
        ),
    )
