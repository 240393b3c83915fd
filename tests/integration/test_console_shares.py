"""One account's long queries leave the others their connections."""

import asyncio

from services.console.accounts import Accounts
from shared.database import Database
from shared.keys import SCOPES
from tests.consoles import known, running_console
from tests.polling import eventually
from tests.tenant import Tenant

_WAITING = """
SELECT count(*) FROM pg_stat_activity
WHERE datname = current_database() AND application_name = 'bugalou console' AND wait_event_type = 'Lock'
"""


async def test_account_whose_queries_take_long_leaves_others_their_connections(
    accounts: Accounts, account: Tenant, database: Database, database_url: str
) -> None:
    other = Tenant(*await accounts.create("Bakkerij Jansen", SCOPES))
    async with running_console(account.live.key, database_url=database_url, console_connections=4) as console:
        await known(console, other.live.key)
        async with database.transaction() as connection:
            await connection.execute("LOCK TABLE orders IN ACCESS EXCLUSIVE MODE")
            long = [asyncio.create_task(console.get("/api/v1/orders")) for _ in range(12)]

            async def all_wait() -> bool:
                async with database.transaction() as looking:
                    return bool(await looking.fetchval(_WAITING) >= 2)

            await eventually(all_wait, what="its queries wait")
            quiet = await asyncio.wait_for(console.get("/api/v1/settings", other.live.key), 5)
            own = [task for task in long if task.done()]
        answers = await asyncio.gather(*long)

    assert quiet.status == 200
    assert own == []
    assert {answer.status for answer in answers} == {200}
