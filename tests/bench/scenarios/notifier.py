"""The notifier: how fast thank-yous are rendered and handed to a mail server that keeps none of them."""

import asyncio
from typing import Final
from uuid import uuid4

from aiosmtpd.smtp import SMTP, Envelope, Session

from services.cli.stack.ports import LOOPBACK
from services.worker.store import Store
from shared.database import Database
from tests.bench.contenders import Fleet, ours
from tests.bench.ground import Ground, wait_for_value
from tests.bench.loading import STUCK_SECONDS, fresh_prefix
from tests.bench.meter import Meter
from tests.bench.results import Result
from tests.bench.scale import Scale
from tests.bench.scenarios import Say
from tests.bench.submissions import chunks, make

TITLE: Final = "notifier"
_SENT: Final = "SELECT count(*) FROM notifications WHERE state = 'sent'"


class _Sink:
    async def handle_DATA(self, _server: SMTP, _session: Session, _envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd
        return "250 forgotten"


async def run(ground: Ground, scale: Scale, say: Say) -> list[Result]:
    """Settle paid orders, then let relay and notifier do the rest."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(_Sink(), hostname="sink.local", loop=loop), LOOPBACK, 0)
    variables = {
        "BUGALOU_SMTP_HOST": LOOPBACK,
        "BUGALOU_SMTP_PORT": str(server.sockets[0].getsockname()[1]),
        "BUGALOU_LOG_LEVEL": "warning",
    }
    fleet = Fleet(gateways=0, workers=0, relays=1, notifiers=1, variables=variables)
    async with server, ground.database(migrated=True) as url, ours(ground, fleet, database_url=url) as running:
        say(f"{scale.mails:,} paid orders")
        database = Database(url, purpose="bench", most=1)
        await database.open()
        try:
            async with database.transaction() as connection:
                await connection.execute("""UPDATE settings SET document = '{"settleSeconds": 0}'""")
            prefix, account = fresh_prefix(), running.account or uuid4()
            store = Store(database)
            meter = Meter({**running.pids, **ground.servers})
            for kind in ("new", "paid"):
                made = make("new" if kind == "new" else "paid", prefix, scale.mails, account, population=scale.mails)
                for batch in chunks(made, 500):
                    await store.settle(batch)
        finally:
            await database.close()
        began = await wait_for_value(url, _SENT, 1, STUCK_SECONDS)
        ended = await wait_for_value(url, _SENT, scale.mails, STUCK_SECONDS)
        cpu = {name: used * 1e6 / scale.mails for name, used in meter.cpu_seconds().items()}
    values: dict[str, float | int | str | None] = {"mails/s": scale.mails / (ended - began)}
    return [Result(scenario=TITLE, case=f"{scale.mails:,} thank-yous", contender="bugalou", values=values, cpu=cpu)]
