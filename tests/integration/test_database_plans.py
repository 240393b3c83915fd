"""How Postgres plans what the services ask of tables that have just been made."""

from uuid import uuid4

import pytest

from shared.database import Database


@pytest.mark.parametrize(("by_key", "read"), [(True, "Index"), (False, "Seq Scan")])
async def test_rows_are_found_by_their_keys_even_where_the_table_was_small_when_it_was_planned(
    database_url: str, by_key: bool, read: str
) -> None:
    database = Database(database_url, purpose="test", most=1, by_key=by_key)
    await database.open()
    try:
        async with database.transaction() as connection:
            # Stands for rows that have come since the last ANALYZE: none has been seen yet.
            await connection.execute("CREATE TEMPORARY TABLE arrived (id uuid PRIMARY KEY) ON COMMIT DROP")
            await connection.execute("INSERT INTO arrived SELECT gen_random_uuid() FROM generate_series(1, 100)")
            plan = await connection.fetch("EXPLAIN SELECT FROM arrived WHERE id = ANY($1::uuid[])", [uuid4()] * 500)
            await connection.execute("CREATE TEMPORARY TABLE unkeyed ON COMMIT DROP AS SELECT id FROM arrived")
            whole = await connection.fetch("EXPLAIN (ANALYZE) SELECT FROM unkeyed WHERE id IS NOT NULL")
        assert read in " ".join(row[0] for row in plan)
        assert "JIT" not in " ".join(row[0] for row in whole)
    finally:
        await database.close()
