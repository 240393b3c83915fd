"""On a managed server who migrates owns its database and may make no roles: an administrator has made the console's."""

from uuid import uuid4

from services.console.tenancy import ROLE
from shared.database import Database
from shared.migrations import migrate
from tests.isolation import database_at, execute


async def test_owner_who_may_make_no_roles_can_migrate(postgres_url: str, template: str) -> None:
    name = f"managed_{uuid4().hex[:8]}"
    assert template, "its migration has made the console's role, as an administrator would"
    await execute(postgres_url, f"CREATE ROLE {name} LOGIN PASSWORD 'p' NOSUPERUSER NOCREATEROLE IN ROLE {ROLE}")
    await execute(postgres_url, f"CREATE DATABASE {name} OWNER {name}")
    try:
        _, _, place = database_at(postgres_url, name).rpartition("@")
        url = f"postgresql://{name}:p@{place}"
        await migrate(url)
        console = Database(url, purpose="test", most=1, role=ROLE)
        await console.open()
        async with console.transaction(readonly=True) as connection:
            assert await connection.fetchval("SELECT count(*) FROM orders") == 0
        await console.close()
    finally:
        await execute(postgres_url, f"DROP DATABASE {name}")
        await execute(postgres_url, f"DROP ROLE {name}")
