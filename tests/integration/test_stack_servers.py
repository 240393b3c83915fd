"""The private PostgreSQL and RabbitMQ."""

from pathlib import Path

import aio_pika
import asyncpg

from services.cli.stack.ports import free_ports
from services.cli.stack.postgres import PrivatePostgres
from services.cli.stack.rabbitmq import PrivateRabbitMQ


async def ask(url: str, sql: str) -> object:
    connection = await asyncpg.connect(url, timeout=10)
    try:
        return await connection.fetchval(sql)
    finally:
        await connection.close()


async def test_postgres_keeps_its_data_over_a_stop_and_a_crash(tmp_path: Path) -> None:
    server = PrivatePostgres(tmp_path / "postgres", free_ports(1)[0], password="p/ss wörd")
    server.start()
    try:
        await ask(server.url, "CREATE TABLE kept AS SELECT 1 AS one")
        assert (
            await ask(server.url, "SELECT current_setting('fsync') || current_setting('synchronous_commit')") == "onon"
        )
        server.stop()
        server.start()
        await ask(server.url, "UPDATE kept SET one = 2")
        server.kill()
        server.start()
        assert await ask(server.url, "SELECT one FROM kept") == 2
    finally:
        server.stop()


async def test_postgres_wants_its_password_and_listens_on_loopback_alone(tmp_path: Path) -> None:
    with PrivatePostgres(tmp_path / "postgres", free_ports(1)[0], password="right", durable=False) as server:
        wrong = server.url.replace("right", "wrong")
        try:
            await ask(wrong, "SELECT 1")
        except asyncpg.InvalidPasswordError:
            pass
        else:
            raise AssertionError("a wrong password was taken")
        assert await ask(server.url, "SELECT current_setting('listen_addresses')") == "127.0.0.1"
        assert await ask(server.url, "SELECT lower('ÄÖ')") == "äö"


def test_interrupted_making_of_a_cluster_is_begun_again(tmp_path: Path) -> None:
    server = PrivatePostgres(tmp_path / "postgres", free_ports(1)[0], password="x", durable=False)
    half = server.directory / "data.new"
    half.mkdir(parents=True)
    (half / "PG_VERSION").write_text("15\n")
    with server:
        assert server.data.exists()
        assert not half.exists()


async def test_lock_file_that_names_a_strangers_pid_does_not_keep_postgres_down(tmp_path: Path) -> None:
    server = PrivatePostgres(tmp_path / "postgres", free_ports(1)[0], password="x", durable=False)
    server.prepare()
    (server.data / "postmaster.pid").write_text("1\n/elsewhere\n")
    with server:
        assert await ask(server.url, "SELECT 1") == 1


async def test_rabbitmq_keeps_a_confirmed_message_over_a_stop_and_a_crash(tmp_path: Path) -> None:
    server = PrivateRabbitMQ(tmp_path / "rabbitmq", free_ports(1)[0], password="s3cret")
    server.start()
    try:
        for end in (server.stop, server.kill):
            connection = await aio_pika.connect(server.url, timeout=10)
            async with connection, connection.channel() as channel:
                await channel.declare_queue("kept", durable=True, arguments={"x-queue-type": "quorum"})
                message = aio_pika.Message(b"x", delivery_mode=aio_pika.DeliveryMode.PERSISTENT)
                await channel.default_exchange.publish(message, "kept")
            end()
            server.start()
        connection = await aio_pika.connect(server.url, timeout=10)
        async with connection, connection.channel() as channel:
            queue = await channel.declare_queue("kept", passive=True)
            for _ in range(2):
                delivered = await queue.get(timeout=10)
                assert delivered is not None
                await delivered.ack()
    finally:
        server.stop()
