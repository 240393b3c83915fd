"""An SMTP server that catches what goes out: one file a message.

Run as `python -m services.cli.stack.mail --host 127.0.0.1 --port 1025 --dir DIRECTORY`.
"""

import argparse
import asyncio
import datetime
import signal
import uuid
from pathlib import Path
from typing import Final

from aiosmtpd.smtp import SMTP, Envelope, Session

from services.cli.stack.files import write_whole

MOST_BYTES: Final = 10 * 1024 * 1024


class Catcher:
    """Answers 250 once the message is on disk, whole; the envelope stands in two headers above it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd
        """Keep one message."""
        content = envelope.original_content or b""
        recipients = ", ".join(envelope.rcpt_tos)
        head = f"X-MailFrom: {envelope.mail_from or ''}\r\nX-RcptTo: {recipients}\r\n".encode()
        # The time first, so that the names sort as the messages came.
        now = datetime.datetime.now(datetime.UTC).strftime("%Y%m%dT%H%M%S.%fZ")
        path = self._folder / f"{now}-{uuid.uuid4().hex[:12]}.eml"
        try:
            await asyncio.to_thread(write_whole, path, head + content, durable=True)
        except OSError as error:
            return f"452 not kept: {error.strerror}"
        return "250 kept"


async def serve(host: str, port: int, folder: Path) -> None:
    """Serve until SIGTERM or SIGINT; what is under way then gets a moment to finish."""
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    catcher = Catcher(folder)
    server = await loop.create_server(
        lambda: SMTP(catcher, data_size_limit=MOST_BYTES, enable_SMTPUTF8=True, hostname="mail.local", loop=loop),
        host,
        port,
    )
    async with server:
        await stop.wait()
        server.close()
        await asyncio.sleep(0.2)


def main() -> None:
    """Read the command line and serve."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=1025)
    parser.add_argument("--dir", type=Path, required=True)
    options = parser.parse_args()
    options.dir.mkdir(parents=True, exist_ok=True)
    asyncio.run(serve(options.host, options.port, options.dir))


if __name__ == "__main__":
    main()
