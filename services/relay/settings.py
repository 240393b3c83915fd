"""What the relay can be told."""

from environs import FileAwareEnv, validate
from msgspec import Struct

from shared.settings import Common, common, publish_seconds
from shared.webhooks import MOST_KEPT_DAYS, TRIED_DAYS


class Settings(Struct, frozen=True, kw_only=True):
    """`batch_events` bounds one transaction; published events are kept for `keep_days`."""

    common: Common
    batch_events: int
    keep_days: int
    publish_seconds: float


def fill(env: FileAwareEnv) -> Settings:
    """Read the relay's settings."""
    return Settings(
        common=common(env),
        batch_events=env.int("RELAY_BATCH_EVENTS", 500, validate=validate.Range(1, 10_000)),
        keep_days=env.int("RELAY_KEEP_DAYS", 30, validate=validate.Range(TRIED_DAYS, MOST_KEPT_DAYS)),
        publish_seconds=publish_seconds(env),
    )
