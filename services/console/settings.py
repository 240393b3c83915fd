"""What the console can be told."""

from environs import FileAwareEnv
from msgspec import Struct

from shared.settings import Common, Web, common, web


class Settings(Struct, frozen=True, kw_only=True):
    """`connections` bounds how many requests read from Postgres at once."""

    common: Common
    web: Web
    connections: int


def fill(env: FileAwareEnv) -> Settings:
    """Read the console's settings."""
    return Settings(common=common(env), web=web(env), connections=env.int("CONSOLE_CONNECTIONS", 8))
