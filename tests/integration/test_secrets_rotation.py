"""`bugalou secrets rotate`: every sealed column, whatever its table, goes under the first key."""

import pytest

from services.cli.sealed_columns import SealedColumn, SealedColumns
from shared.database import Database
from shared.errors import DataError
from shared.secrets import Secrets, generate_key
from tests.isolation import execute

ROWS = 450
OLD, NEW = generate_key(), generate_key()


async def rotate(database: Database, keys: list[str]) -> tuple[int, int]:
    columns = SealedColumns(database, Secrets(keys))
    pages = [page for column in await columns.columns() async for page in columns.rotate(column)]
    return sum(seen for seen, _ in pages), sum(changed for _, changed in pages)


async def test_every_secret_goes_under_the_first_key_and_old_keys_may_go(database_url: str, database: Database) -> None:
    await execute(database_url, 'CREATE TABLE tokens (a int, "b ""c" text, token sealed, PRIMARY KEY ("b ""c", a))')
    async with database.transaction() as connection:
        secrets = Secrets([OLD])
        for number in range(ROWS):
            sealed = None if number % 10 == 0 else secrets.seal(f"secret {number}")
            await connection.execute("INSERT INTO tokens VALUES ($1, $2, $3)", number, str(number % 7), sealed)
    assert SealedColumn("tokens", "token", ('b "c', "a")) in await SealedColumns(database, secrets).columns()
    assert await rotate(database, [NEW, OLD]) == (405, 405)
    assert await rotate(database, [NEW, OLD]) == (405, 0)
    async with database.transaction() as connection:
        rows = await connection.fetch("SELECT a, token FROM tokens WHERE token IS NOT NULL")
    assert {Secrets([NEW]).open(row["token"]) for row in rows} == {f"secret {n}" for n in range(ROWS) if n % 10}


async def test_each_table_with_secrets_can_be_gone_through(database: Database) -> None:
    assert all(column.key for column in await SealedColumns(database, Secrets([OLD])).columns())


@pytest.mark.parametrize("text", ["whsec_aaaa", "EAAGtoken", "", "gAAAAA", "gAAAAAb\n"])
async def test_no_plain_text_fits_a_sealed_column(database: Database, text: str) -> None:
    with pytest.raises(DataError):
        async with database.transaction() as connection:
            await connection.fetchval("SELECT $1::text::sealed", text)
