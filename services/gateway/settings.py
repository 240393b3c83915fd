"""What the gateway can be told."""

from environs import FileAwareEnv
from msgspec import Struct

from services.gateway.group_commit import Limits
from shared.settings import Common, Web, common, web


class Settings(Struct, frozen=True, kw_only=True):
    """`publish_seconds` bounds the wait for the broker's confirm; `bodies_bytes` what all bodies under way may hold."""

    common: Common
    web: Web
    limits: Limits
    publish_seconds: float
    bodies_bytes: int


def fill(env: FileAwareEnv) -> Settings:
    """Read the gateway's settings."""
    return Settings(
        common=common(env),
        web=web(env),
        limits=Limits(
            message_submissions=env.int("GATEWAY_MESSAGE_SUBMISSIONS", 250),
            message_bytes=env.int("GATEWAY_MESSAGE_BYTES", 1024 * 1024),
            messages_in_flight=env.int("GATEWAY_MESSAGES_IN_FLIGHT", 8),
            unconfirmed_submissions=env.int("GATEWAY_UNCONFIRMED_SUBMISSIONS", 50_000),
            unconfirmed_bytes=env.int("GATEWAY_UNCONFIRMED_BYTES", 256 * 1024 * 1024),
            linger_seconds=env.float("GATEWAY_LINGER_SECONDS", 0.005),
        ),
        publish_seconds=env.float("PUBLISH_SECONDS", 4.0),
        bodies_bytes=env.int("GATEWAY_BODIES_BYTES", 256 * 1024 * 1024),
    )
