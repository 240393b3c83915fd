"""What a test, or a module of tests, has of the shared servers for itself: a database, and a prefix for queues."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit
from uuid import uuid4

import aio_pika
import asyncpg

from shared.topology import Names, dead_letters_of


def database_at(url: str, name: str) -> str:
    """Return the address of another database of the same server."""
    return urlsplit(url)._replace(path=f"/{name}").geturl()


async def execute(url: str, sql: str) -> None:
    """Run one statement on a connection of its own."""
    connection = await asyncpg.connect(url, timeout=10)
    try:
        await connection.execute(sql)
    finally:
        await connection.close()


@asynccontextmanager
async def fresh_database(postgres_url: str, template: str) -> AsyncIterator[str]:
    """Give a copy of a template database, and drop it afterwards, whoever is still connected."""
    name = f"test_{uuid4().hex}"
    await execute(postgres_url, f"CREATE DATABASE {name} TEMPLATE {template}")
    try:
        yield database_at(postgres_url, name)
    finally:
        await execute(postgres_url, f"DROP DATABASE {name} WITH (FORCE)")


@asynccontextmanager
async def fresh_prefix(amqp_url: str) -> AsyncIterator[str]:
    """Give a prefix for the topology, and delete afterwards what was declared under it."""
    prefix = f"test-{uuid4().hex}"
    try:
        yield prefix
    finally:
        names = Names(prefix)
        connection = await aio_pika.connect(amqp_url, timeout=10)
        async with connection, connection.channel() as channel:
            for queue in (names.submissions, names.notifications):
                await channel.queue_delete(queue)
                await channel.queue_delete(dead_letters_of(queue))
            await channel.exchange_delete(names.events)
