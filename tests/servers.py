"""The PostgreSQL and RabbitMQ that the tests run against: containers where Docker can give them, else private servers.

BUGALOU_TEST_SERVERS=private or containers forces one of the two.
"""

import os
import secrets
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import cache
from pathlib import Path
from typing import Final, Literal

from services.cli.stack.ports import free_ports
from services.cli.stack.postgres import PrivatePostgres
from services.cli.stack.rabbitmq import PrivateRabbitMQ

VARIABLE: Final = "BUGALOU_TEST_SERVERS"
# `tests.containers` is imported where it is used: that takes a second, and unit tests need none of it.


@cache
def choose() -> Literal["private", "containers"]:
    """Return which servers the tests use; images that are missing are pulled, for a while."""
    match os.environ.get(VARIABLE, ""):
        case "private":
            return "private"
        case "containers":
            return "containers"
        case "":
            from tests import containers

            return "containers" if containers.available() else "private"
        case other:
            raise ValueError(f"{VARIABLE}={other}: must be private or containers")


def postgres(directory: Path) -> AbstractContextManager[str]:
    """Run a PostgreSQL that need not survive a crash; gives the address of its owner, a superuser."""
    if choose() == "private":
        return _private_postgres(directory)
    from tests import containers

    return containers.postgres()


def rabbitmq(directory: Path) -> AbstractContextManager[str]:
    """Run a RabbitMQ; gives its address."""
    if choose() == "private":
        return _private_rabbitmq(directory)
    from tests import containers

    return containers.rabbitmq()


@contextmanager
def _private_postgres(directory: Path) -> Iterator[str]:
    with PrivatePostgres(directory, free_ports(1)[0], password=secrets.token_hex(16), durable=False) as server:
        yield server.url


@contextmanager
def _private_rabbitmq(directory: Path) -> Iterator[str]:
    with PrivateRabbitMQ(directory, free_ports(1)[0], password=secrets.token_hex(16)) as server:
        yield server.url
