"""Mail servers that are down, slow, lost in the middle of a message, or talk without end; endpoints that fail."""

import asyncio
from typing import Final

from tests.faults.oracle import Tolerance
from tests.faults.trial import Scenario, Trial
from tests.polling import eventually


async def _down(trial: Trial) -> None:
    await trial.stack.smtp.cut()
    await trial.pass_(5, 10)
    await trial.stack.smtp.restore()


async def _silent(trial: Trial) -> None:
    """Connections stand, and nothing is answered for longer than a step of a delivery may take."""
    trial.stack.smtp.stall()
    await trial.pass_(12, 15)
    await trial.stack.smtp.restore()


async def _killed(trial: Trial) -> None:
    """With what it was just told: whether it had kept the message is known to nobody."""
    for _ in range(3):
        before = trial.stack.pid("mail")
        trial.stack.kill("mail")
        await trial.stack.started_again("mail", before)
        await trial.progress(20)


async def _endless(trial: Trial) -> None:
    """A server whose greeting never ends."""

    async def talk(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                writer.write(b"220-and another thing\r\n" * 200)
                await writer.drain()
        except OSError:
            writer.transport.abort()

    await trial.stack.smtp.cut()
    server = await asyncio.start_server(talk, "127.0.0.1", trial.stack.smtp.port)
    try:
        await trial.pass_(12, 15)
    finally:
        server.close()
        server.close_clients() if hasattr(server, "close_clients") else None
        await trial.stack.smtp.restore()


async def _failing(trial: Trial) -> None:
    """For less than the first pause: the second try of each event finds it well again."""
    trial.endpoints.failing = True
    try:
        await eventually(lambda: trial.endpoints.refused > 0, within=60, what="an event comes to it")
        await trial.pass_(0.5, 2)
    finally:
        trial.endpoints.failing = False


_TWICE: Final = Tolerance(mail_twice=True)

SCENARIOS: Final = (
    Scenario("mail server down", _down),
    Scenario("mail server silent", _silent, _TWICE),
    Scenario("mail server killed", _killed, _TWICE),
    Scenario("webhook endpoint fails", _failing, quick=True),
    Scenario("mail server talks without end", _endless, pairs=False),
)
