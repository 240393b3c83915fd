"""A mail server that falls silent costs no connection, and no waiting on each of those that stand idle."""

import asyncio
from typing import Final

import pytest

from services.notifier.channels.smtp import Server, SmtpConnections, SmtpUnavailable
from tests.polling import eventually

IDLE: Final = 5


class SilentServer:
    """Greets and agrees to everything, until it falls silent; counts who is connected, and what is asked in vain."""

    def __init__(self) -> None:
        self.is_silent = False
        self.connected = 0
        self.asked = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connected += 1
        if not self.is_silent:
            writer.write(b"220 hello\r\n")
        while await reader.readline():
            if self.is_silent:
                self.asked += 1
            else:
                writer.write(b"250 ok\r\n")
        self.connected -= 1
        writer.close()


def _connections(listening: asyncio.Server, seconds: float) -> SmtpConnections:
    port = listening.sockets[0].getsockname()[1]
    server = Server(host="127.0.0.1", port=port, username=None, password=None, tls="none", timeout_seconds=seconds)
    return SmtpConnections(server, own_name="test")


async def _stand_idle(connections: SmtpConnections, mail: SilentServer) -> None:
    """Borrow some at once, so that as many stand idle afterwards."""

    async def borrow() -> None:
        async with connections.connection():
            await eventually(lambda: mail.connected == IDLE, what="all are borrowed at once")

    await asyncio.gather(*(borrow() for _ in range(IDLE)))


async def test_connection_whose_time_ran_out_while_it_was_asked_is_closed() -> None:
    mail = SilentServer()
    async with await asyncio.start_server(mail.serve, "127.0.0.1") as listening:
        connections = _connections(listening, 10)
        await _stand_idle(connections, mail)
        mail.is_silent = True

        for _ in range(IDLE + 1):
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.05), connections.connection():
                    pass

        await eventually(lambda: mail.connected == 0, what="all are closed")


async def test_one_silent_connection_tells_of_all_that_stand_idle() -> None:
    mail = SilentServer()
    async with await asyncio.start_server(mail.serve, "127.0.0.1") as listening:
        connections = _connections(listening, 0.2)
        await _stand_idle(connections, mail)
        mail.is_silent = True

        with pytest.raises(SmtpUnavailable):
            async with connections.connection():
                pass

        await eventually(lambda: mail.connected == 0, what="none is kept to be asked by the next")
        assert mail.asked == 1
