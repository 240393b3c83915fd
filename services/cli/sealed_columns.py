"""Every column of the type `sealed`, wherever it stands: found by its type, so that none can be forgotten."""

from collections.abc import AsyncIterator
from typing import Any, Final

from msgspec import Struct

from shared.database import Database
from shared.errors import Misconfigured
from shared.secrets import Secrets

_PAGE_ROWS: Final = 200

_COLUMNS: Final = """
SELECT c.relname AS table_name, a.attname AS column_name, array_remove(ARRAY(
    SELECT k.attname::text FROM pg_index i
    CROSS JOIN unnest(i.indkey::smallint[]) WITH ORDINALITY AS place (number, nth)
    JOIN pg_attribute k ON k.attrelid = i.indrelid AND k.attnum = place.number
    WHERE i.indrelid = c.oid AND i.indisprimary ORDER BY place.nth), NULL) AS key
FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid AND c.relkind = 'r' JOIN pg_type t ON t.oid = a.atttypid
WHERE t.typname = 'sealed' AND NOT a.attisdropped AND c.relnamespace = current_schema()::regnamespace
ORDER BY 1, 2
"""


class SealedColumn(Struct, frozen=True):
    """A column of secrets, and the primary key of its table."""

    table: str
    column: str
    key: tuple[str, ...]


class SealedColumns:
    """Puts every secret under the first key, page by page, while services read and write them."""

    def __init__(self, database: Database, secrets: Secrets) -> None:
        self._database = database
        self._secrets = secrets

    async def columns(self) -> list[SealedColumn]:
        """Return all sealed columns of the schema."""
        async with self._database.transaction(readonly=True) as connection:
            rows = await connection.fetch(_COLUMNS)
        found = [SealedColumn(row["table_name"], row["column_name"], tuple(row["key"])) for row in rows]
        for column in found:
            if not column.key:
                raise Misconfigured(f"the table {column.table} has no primary key: its secrets cannot be gone through")
        return found

    async def rotate(self, column: SealedColumn) -> AsyncIterator[tuple[int, int]]:
        """Go through a column; give, for each page, how many secrets it had and how many were sealed anew.

        A row stays locked only while its page is under way. What a service writes meanwhile is sealed by that service.
        """
        place: tuple[Any, ...] | None = None
        while True:
            async with self._database.transaction() as connection:
                rows = await connection.fetch(_page(column, first=place is None), *(place or ()))
                changed = 0
                for row in rows:
                    sealed = self._secrets.reseal(row["sealed"])
                    if sealed is not None:
                        await connection.execute(_replace(column), sealed, *(row[name] for name in column.key))
                        changed += 1
            yield len(rows), changed
            if len(rows) < _PAGE_ROWS:
                return
            place = tuple(rows[-1][name] for name in column.key)


def _page(column: SealedColumn, *, first: bool) -> str:
    key = ", ".join(map(_name, column.key))
    after = "" if first else f"AND ({key}) > ({', '.join(f'${number}' for number in range(1, len(column.key) + 1))})"
    return f"""
SELECT {key}, {_name(column.column)} AS sealed FROM {_name(column.table)}
WHERE {_name(column.column)} IS NOT NULL {after} ORDER BY {key} LIMIT {_PAGE_ROWS} FOR UPDATE
"""


def _replace(column: SealedColumn) -> str:
    row = " AND ".join(f"{_name(name)} = ${number}" for number, name in enumerate(column.key, 2))
    return f"UPDATE {_name(column.table)} SET {_name(column.column)} = $1 WHERE {row}"


def _name(identifier: str) -> str:
    return '"' + identifier.replace('"', '""') + '"'
