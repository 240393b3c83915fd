"""The settings of services inside tests, read as a process reads them: from variables, all others at their defaults."""

from collections.abc import Callable
from typing import Final, TypeVar

import pytest
from environs import FileAwareEnv

from services.cli.stack.ports import free_ports
from shared.settings import PREFIX, Web, read, web

T = TypeVar("T")
SECRET_KEY: Final = "dGVzdHMgc2VhbCB1bmRlciB0aGlzIG9uZSBrZXkhISE="
"""What tests seal secrets under."""


def settings_of(
    fill: Callable[[FileAwareEnv], T], *, database_url: str, amqp_url: str, amqp_prefix: str, **others: object
) -> T:
    """Return a service's settings; `others` are variables without their prefix, such as HTTP_BODY_SECONDS=0.5."""
    variables = {
        "DATABASE_URL": database_url,
        "AMQP_URL": amqp_url,
        "AMQP_PREFIX": amqp_prefix,
        "HTTP_PORT": free_ports(1)[0],
        "SECRET_KEYS": SECRET_KEY,
        **others,
    }
    with pytest.MonkeyPatch.context() as environment:
        for name, value in variables.items():
            environment.setenv(PREFIX + name, str(value))
        return read(fill)


def web_settings() -> Web:
    """Return the settings of HTTP at their defaults."""
    return read(web)
