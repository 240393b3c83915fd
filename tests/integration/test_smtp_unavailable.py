"""Why a mail server cannot be used is told in words that name what to mend."""

import asyncio
from typing import Final

import pytest

from services.cli.stack.ports import free_ports
from services.notifier.channels.smtp import Server, SmtpConnections, SmtpUnavailable, Tls
from tests.notifier_world import Mailbox


async def why(host: str, port: int, *, tls: Tls = "none", password: str | None = None, seconds: float = 10) -> str:
    server = Server(
        host=host, port=port, username=password and "user", password=password, tls=tls, timeout_seconds=seconds
    )
    with pytest.raises(SmtpUnavailable) as refused:
        async with SmtpConnections(server, own_name="test").connection():
            pass
    return str(refused.value)


async def test_server_that_is_not_there_is_told_by_what_is_wrong_with_its_address() -> None:
    (nobody,) = free_ports(1)
    assert await why("127.0.0.1", nobody) == "it refuses the connection"
    assert await why("mail.bugalou.invalid", 25) == "its name does not resolve"


async def test_server_that_takes_no_tls_or_no_password_is_told_so() -> None:
    mailbox = Mailbox()
    await mailbox.start()
    try:
        assert "STARTTLS" in await why("127.0.0.1", mailbox.port, tls="starttls")
        said = await why("127.0.0.1", mailbox.port, password="s3cret")
        assert "AUTH" in said
        assert "s3cret" not in said
    finally:
        await mailbox.stop()


GREETINGS: Final = {
    b"421 4.3.2 too many\r\n": "it answers 421 4.3.2 too many",
    b"": "it does not answer in time",
}


@pytest.mark.parametrize("greeting", GREETINGS)
async def test_server_that_does_not_welcome_us_is_quoted(greeting: bytes) -> None:
    async def greet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(greeting)
        await reader.read()
        writer.close()

    async with await asyncio.start_server(greet, "127.0.0.1") as server:
        said = await why("127.0.0.1", server.sockets[0].getsockname()[1], seconds=0.5)
    assert said == GREETINGS[greeting]
