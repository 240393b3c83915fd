"""Reading settings from the environment, all mistakes reported at once; the only place that looks at it.

Each service declares a frozen Struct of its own, with a `fill` that `read` calls. Every variable is named BUGALOU_...,
and a secret may stand in a file instead: BUGALOU_DATABASE_URL_FILE=/run/secrets/database-url.
"""

import os
from collections.abc import Callable, Mapping
from typing import Final, TypeVar

from environs import EnvValidationError, FileAwareEnv, ValidationError, validate
from msgspec import Struct

from shared.addresses import Network, parse_networks
from shared.errors import Misconfigured
from shared.secrets import is_key, split_keys

PREFIX: Final = "BUGALOU_"
MOST_BODY_BYTES: Final = 16 * 1024 * 1024
T = TypeVar("T")

# An empty URL would make the drivers fall back on whatever server listens on the standard port.
_POSTGRES: Final = validate.Regexp(
    r"postgres(ql)?://.+", error="must be a URL such as postgresql://user:password@host/database"
)
_AMQP: Final = validate.Regexp(
    r"amqps?://.+",
    error="must be a URL such as amqp://user:password@host/vhost, or several with commas between",
)
# Names have at most 255 bytes in AMQP, and those in amq. are the broker's own.
_NAMES: Final = validate.Regexp(
    r"(?!amq\.)[!-~]{1,100}\Z",
    error="must be 1 to 100 letters, digits or signs without spaces, and not begin with amq.",
)
ADDRESS: Final = validate.Length(1, error="must be a name or an address")
"""Of a host: an empty one would listen everywhere."""
_PORT: Final = validate.Range(0, 65_535)


class Common(Struct, frozen=True, kw_only=True):
    """What every service needs. Never log a settings object: it holds secrets."""

    database_url: str
    amqp_url: str
    amqp_prefix: str
    log_level: str
    metrics_host: str
    metrics_port: int
    metrics_seconds: float
    traces: str
    drain_seconds: float
    niceness: int


class Web(Struct, frozen=True, kw_only=True):
    """What a service that speaks HTTP needs; sizes in bytes, times in seconds."""

    host: str
    port: int
    reuse_port: bool
    most_connections: int
    most_body_bytes: int
    body_seconds: float
    header_seconds: float
    idle_seconds: float
    wrong_keys_per_minute: int
    trusted_hops: int


def read(fill: Callable[[FileAwareEnv], T]) -> T:
    """Return what `fill` makes of the environment, or raise `Misconfigured` naming every variable that is wrong."""
    env = FileAwareEnv(eager=False, prefix=PREFIX)
    settings: T | None = None
    try:
        settings = fill(env)
        env.seal()
    except EnvValidationError as error:
        found = error.error_messages if isinstance(error.error_messages, Mapping) else {"": error.error_messages}
        faults = "; ".join(f"{name}: {' '.join(messages)}" for name, messages in found.items())
        raise Misconfigured(f"settings: {faults}") from error
    except (ValueError, OSError) as error:
        raise Misconfigured(f"settings: {error}") from error
    return settings


def look_up(name: str) -> str | None:
    """Return one variable (named without its prefix), or what is in the file that NAME_FILE names, or None."""
    env = FileAwareEnv(prefix=PREFIX)
    try:
        return env.str(name, None)
    except (EnvValidationError, ValueError, OSError) as error:
        raise Misconfigured(f"settings: {error}") from error


def environment() -> dict[str, str]:
    """Return a copy of the whole environment, to hand on to a process that is started."""
    return dict(os.environ)


def common(env: FileAwareEnv) -> Common:
    """Read what every service needs."""
    return Common(
        database_url=env.str("DATABASE_URL", validate=_POSTGRES),
        amqp_url=env.str("AMQP_URL", validate=_AMQP),
        amqp_prefix=env.str("AMQP_PREFIX", "bugalou", validate=_NAMES),
        log_level=env.str("LOG_LEVEL", "info"),
        metrics_host=env.str("METRICS_HOST", "127.0.0.1", validate=ADDRESS),
        metrics_port=env.int("METRICS_PORT", 0, validate=_PORT),
        metrics_seconds=env.float("METRICS_SECONDS", 5.0, validate=validate.Range(0.05, 60)),
        traces=env.str("TRACES", "none", validate=validate.OneOf(("none", "otlp"))),
        drain_seconds=env.float("DRAIN_SECONDS", 8.0, validate=validate.Range(0.1, 600)),
        niceness=env.int("NICENESS", 0, validate=validate.Range(0, 19)),
    )


def web(env: FileAwareEnv) -> Web:
    """Read what a service that speaks HTTP needs."""
    return Web(
        host=env.str("HTTP_HOST", "127.0.0.1", validate=ADDRESS),
        port=env.int("HTTP_PORT", 8080, validate=_PORT),
        reuse_port=env.bool("REUSE_PORT", False),
        most_connections=env.int("HTTP_MOST_CONNECTIONS", 4096, validate=validate.Range(1, 1_000_000)),
        most_body_bytes=MOST_BODY_BYTES,
        body_seconds=env.float("HTTP_BODY_SECONDS", 30.0, validate=validate.Range(0.1, 600)),
        header_seconds=env.float("HTTP_HEADER_SECONDS", 10.0, validate=validate.Range(0.1, 600)),
        idle_seconds=env.float("HTTP_IDLE_SECONDS", 75.0, validate=validate.Range(1, 3600)),
        wrong_keys_per_minute=env.int("HTTP_WRONG_KEYS_PER_MINUTE", 100, validate=validate.Range(1, 1_000_000)),
        trusted_hops=env.int("HTTP_TRUSTED_HOPS", 0, validate=validate.Range(0, 16)),
    )


def publish_seconds(env: FileAwareEnv) -> float:
    """Read how long whoever publishes awaits the broker's confirm."""
    return env.float("PUBLISH_SECONDS", 4.0, validate=validate.Range(0.1, 60))


def prefetch(env: FileAwareEnv, name: str, usual: int) -> int:
    """Read how many messages a consumer holds unacknowledged: in AMQP a number of two bytes, 0 for no bound at all."""
    return env.int(name, usual, validate=validate.Range(1, 65_535))


def secret_keys(env: FileAwareEnv) -> tuple[str, ...]:
    """Read the keys of secrets at rest; none is fine until there is a secret to seal or to open."""
    # None where it was refused: that is reported together with all other mistakes, once all are read.
    return split_keys(env.str("SECRET_KEYS", "", validate=_check_secret_keys) or "")


def webhook_networks(env: FileAwareEnv) -> tuple[Network, ...]:
    """Read which networks webhooks may be sent to besides public addresses."""
    return parse_networks(env.str("WEBHOOK_ALLOW", "", validate=_check_networks) or "")


def _check_networks(setting: str) -> None:
    try:
        parse_networks(setting)
    except ValueError:
        raise ValidationError("must be networks such as 10.1.0.0/16,fd00::/8, separated by commas") from None


def _check_secret_keys(setting: str) -> None:
    if not all(map(is_key, split_keys(setting))):
        raise ValidationError("must be keys that `bugalou secrets generate` made, separated by commas")
