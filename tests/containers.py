"""PostgreSQL and RabbitMQ in containers, by testcontainers; the images are those of docker-compose.yml."""

import gc
import secrets
import socket
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

import docker  # type: ignore[import-untyped]  # it ships no types
from docker.errors import DockerException, ImageNotFound  # type: ignore[import-untyped]  # likewise
from testcontainers.community.postgres import PostgresContainer
from testcontainers.core.config import testcontainers_config
from testcontainers.core.container import DockerContainer

POSTGRES_IMAGE: Final = "postgres:17"
RABBITMQ_IMAGE: Final = "rabbitmq:4-management"
_ENGINE_SECONDS: Final = 5
_PULL_SECONDS: Final = 60.0
_START_SECONDS: Final = 90.0
_LOOPBACK: Final = "127.0.0.1"
_USER: Final = "bugalou"
_AMQP_HEADER: Final = b"AMQP\x00\x00\x09\x01"
_SSL_REQUEST: Final = b"\x00\x00\x00\x08\x04\xd2\x16\x2f"


def available() -> bool:
    """Tell whether an engine answers and has the images, or can pull them soon."""
    client = _engine()
    if client is None:
        return False
    deadline = time.monotonic() + _PULL_SECONDS
    try:
        return all(_has(client, image) or _pull(client, image, deadline) for image in (POSTGRES_IMAGE, RABBITMQ_IMAGE))
    except (DockerException, OSError):
        return False
    finally:
        client.close()


@contextmanager
def postgres() -> Iterator[str]:
    """Run a PostgreSQL that need not survive a crash; give the address of its owner, a superuser."""
    password = secrets.token_hex(16)
    command = "postgres -c fsync=off -c synchronous_commit=off -c full_page_writes=off -c max_connections=200"
    container = PostgresContainer(
        POSTGRES_IMAGE, username=_USER, password=password, dbname=_USER, driver=None, command=command
    )
    with _running(container, 5432, _speaks_postgres) as (host, port):
        yield f"postgresql://{_USER}:{password}@{host}:{port}/{_USER}"


@contextmanager
def rabbitmq() -> Iterator[str]:
    """Run a RabbitMQ; give its address (testcontainers' own class for it needs a second AMQP library)."""
    password = secrets.token_hex(16)
    container = DockerContainer(RABBITMQ_IMAGE).with_envs(RABBITMQ_DEFAULT_USER=_USER, RABBITMQ_DEFAULT_PASS=password)
    with _running(container, 5672, _speaks_amqp) as (host, port):
        yield f"amqp://{_USER}:{password}@{host}:{port}/"


def _engine() -> Any:
    """Return a client of the engine, or None where none answers."""
    # What fails to connect leaves its socket open; collected later, it would be held against whatever test then runs.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        try:
            return docker.from_env(timeout=_ENGINE_SECONDS)
        except (DockerException, OSError):
            pass
        gc.collect()
    return None


def _has(client: Any, image: str) -> bool:
    try:
        client.images.get(image)
    except ImageNotFound:
        return False
    return True


def _pull(client: Any, image: str, deadline: float) -> bool:
    for _ in client.api.pull(image, stream=True):
        if time.monotonic() > deadline:
            return False
    return _has(client, image)


@contextmanager
def _running(container: DockerContainer, port: int, is_ready: Callable[[str, int], bool]) -> Iterator[tuple[str, int]]:
    client = container.get_docker_client()
    if not _has(client.client, testcontainers_config.ryuk_image):
        # The reaper only tidies up after a killed run; without its image, this context alone does.
        testcontainers_config.ryuk_disabled = True
    local = client.host() in ("localhost", _LOOPBACK)
    container.with_exposed_ports(port)
    if local:
        container.ports[str(port)] = (_LOOPBACK,)  # type: ignore[assignment]  # Docker's form of "on this address"
    with container:
        host = _LOOPBACK if local else container.get_container_host_ip()
        published = int(container.get_exposed_port(port))
        deadline = time.monotonic() + _START_SECONDS
        while not is_ready(host, published):
            if time.monotonic() > deadline:
                raise TimeoutError(f"{container.image} was not ready within {_START_SECONDS:.0f} s")
            time.sleep(0.1)
        yield host, published


def _speaks_postgres(host: str, port: int) -> bool:
    return _answers(host, port, _SSL_REQUEST, (b"S", b"N"))


def _speaks_amqp(host: str, port: int) -> bool:
    return _answers(host, port, _AMQP_HEADER, (b"\x01",))  # a method frame: connection.start


def _answers(host: str, port: int, greeting: bytes, expected: tuple[bytes, ...]) -> bool:
    try:
        with socket.create_connection((host, port), 2) as connection:
            connection.sendall(greeting)
            return connection.recv(1) in expected
    except OSError:
        return False
