"""Connections to one SMTP server, kept open between messages; a server that drops idle ones is nothing to notice."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Final, Literal

from aiosmtplib import SMTP, SMTPException, SMTPResponseException
from msgspec import Struct

from shared.certificates import refused_certificate
from shared.errors import Unavailable

Tls = Literal["none", "starttls", "tls"]

_IDLE_SECONDS: Final = 20.0
"""Shorter than the idle timeouts of the usual servers, and of the NAT between."""

_MOST_WORDS: Final = 200
"""Of what a server says, in characters."""

_GONE: Final = (SMTPException, OSError, TimeoutError, ValueError)


class Server(Struct, frozen=True, kw_only=True):
    """Where mail is handed over; `timeout_seconds` bounds each step. Never log it: it holds a secret."""

    host: str
    port: int
    username: str | None
    password: str | None
    tls: Tls
    ca_file: str | None = None
    timeout_seconds: float


class SmtpUnavailable(Unavailable):
    """The server cannot be reached, or refuses to talk to us at all: nothing was said about any message yet."""


class SmtpConnections:
    """Lends connections, the one used last first; as many as are borrowed at once, since the borrowers are bounded."""

    def __init__(self, server: Server, *, own_name: str) -> None:
        self._server = server
        self._own_name = own_name
        self._idle: list[tuple[SMTP, float]] = []

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[SMTP]:
        """Lend a connection that answers; raise `SmtpUnavailable`. One on which anything went wrong is not kept."""
        smtp = await self._reusable() or await self._open()
        try:
            yield smtp
        except BaseException:
            smtp.close()
            raise
        if smtp.is_connected:
            self._idle.append((smtp, asyncio.get_running_loop().time()))

    async def close(self) -> None:
        """Say goodbye on every idle connection."""
        while self._idle:
            smtp, _ = self._idle.pop()
            await self._quit(smtp)

    async def _reusable(self) -> SMTP | None:
        now = asyncio.get_running_loop().time()
        while self._idle:
            smtp, since = self._idle.pop()
            if now - since > _IDLE_SECONDS:
                await self._quit(smtp)
                continue
            try:
                await smtp.rset()
            except _GONE:
                # Its server is gone, or silent: to ask on each of the others would take as long for each.
                smtp.close()
                self._drop_idle()
            except BaseException:  # out of time: nobody else would close it
                smtp.close()
                raise
            else:
                return smtp
        return None

    def _drop_idle(self) -> None:
        while self._idle:
            self._idle.pop()[0].close()

    async def _open(self) -> SMTP:
        server = self._server
        smtp = SMTP(
            hostname=server.host,
            port=server.port,
            username=server.username,
            password=server.password,
            local_hostname=self._own_name,
            timeout=server.timeout_seconds,
            use_tls=server.tls == "tls",
            start_tls=server.tls == "starttls",
            cert_bundle=server.ca_file,
        )
        try:
            await smtp.connect()
            if smtp.is_ehlo_or_helo_needed:
                await smtp.ehlo()
        except asyncio.CancelledError:
            smtp.close()
            raise
        except _GONE as error:
            smtp.close()
            refused = refused_certificate(error)
            if refused is not None:
                raise SmtpUnavailable(f"its certificate is refused ({refused})") from error
            raise SmtpUnavailable(_why(error)) from error
        return smtp

    async def _quit(self, smtp: SMTP) -> None:
        with suppress(*_GONE):
            try:
                await smtp.quit()
            finally:
                smtp.close()


def _why(error: BaseException) -> str:
    """Return in words what keeps us from the server, so that an operator knows which setting to mend."""
    if isinstance(error, SMTPResponseException):
        return f"it answers {error.code} {' '.join(error.message.split())[:_MOST_WORDS]}"
    links: list[BaseException] = [error]
    while (link := links[-1].__cause__ or links[-1].__context__) is not None and link not in links:
        links.append(link)
    for link in links:
        match link:
            case socket.gaierror():
                return "its name does not resolve"
            case ConnectionRefusedError():
                return "it refuses the connection"
            case TimeoutError():
                return "it does not answer in time"
    # The library's own sentence, such as that a server offers no STARTTLS.
    return f"{type(error).__name__}: {error}" if isinstance(error, SMTPException) else type(error).__name__
