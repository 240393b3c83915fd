"""What the console can be told."""

from environs import FileAwareEnv, validate
from msgspec import Struct

from shared.addresses import Network
from shared.settings import Common, Web, common, secret_keys, web, webhook_networks


class Settings(Struct, frozen=True, kw_only=True):
    """`connections` bounds how many requests read from Postgres at once, `exports` how many of them may be files.

    Somebody who signed in to the dashboard is signed out after `session_idle_hours` without a look at it, and after
    `session_hours` anyway. Never log it: it holds secrets.
    """

    common: Common
    web: Web
    secret_keys: tuple[str, ...]
    webhook_networks: tuple[Network, ...]
    connections: int
    exports: int
    session_idle_hours: float
    session_hours: float


def fill(env: FileAwareEnv) -> Settings:
    """Read the console's settings."""
    return Settings(
        common=common(env),
        web=web(env),
        secret_keys=secret_keys(env),
        webhook_networks=webhook_networks(env),
        connections=env.int("CONSOLE_CONNECTIONS", 8, validate=validate.Range(1, 500)),
        exports=env.int("CONSOLE_EXPORTS", 2, validate=validate.Range(1, 100)),
        session_idle_hours=env.float("CONSOLE_SESSION_IDLE_HOURS", 24.0, validate=validate.Range(0.01, 8760)),
        session_hours=env.float("CONSOLE_SESSION_HOURS", 168.0, validate=validate.Range(0.01, 8760)),
    )
