"""Pages of lists: read from a query string, fetched a few rows at a time, bounded in rows and in bytes."""

from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from typing import Annotated, Any, Final

from msgspec import Meta, Struct

from services.console import cursors
from services.console.parameters import Parameters
from shared.database import Connection, Row
from shared.http.routes import Parameter

USUAL: Final = 50
MOST: Final = 500
FETCHED_ROWS: Final = 50
"""How many rows are held at once while a list is read; one may have 256 KiB."""
MOST_BYTES: Final = 8 * 1024 * 1024
"""Beyond this a page ends before its limit, with a cursor to go on from."""

PARAMETERS: Final = (
    Parameter(
        name="limit",
        of=Annotated[int, Meta(ge=1, le=MOST)],
        description=f"How many rows a page has at most, {USUAL} unless given; a page of large rows may have fewer.",
    ),
    Parameter(name="cursor", of=str, description="The nextCursor of the page before, of this same list."),
)

Place = tuple[Any, Any]
"""Where a row stands in its list: what it is sorted by, and its id."""


class Paging(Struct, frozen=True):
    """Which part of a list is asked for: at most `limit` rows after a place; `binding` tells this list from others."""

    binding: tuple[Any, ...] = ()
    limit: int = USUAL
    after: Place | None = None

    @property
    def fetched(self) -> int:
        """How many rows a query has to give at most: one more than the page has, which tells whether there is more."""
        return self.limit + 1

    def cursor_at(self, place: Place) -> str:
        """Return the cursor that goes on after a place."""
        return cursors.write_cursor(self.binding, place)


class Page(Struct, frozen=True):
    """Rows of a list, and the cursor of the next page where there is more."""

    rows: list[Row]
    next_cursor: str | None


def read_paging(parameters: Parameters, binding: tuple[Any, ...], place_type: Any) -> Paging:
    """Read `limit` and `cursor`."""
    limit = parameters.whole("limit", USUAL, least=1, most=MOST)
    return Paging(binding, limit, parameters.cursor(binding, place_type))


async def fetch_page(
    connection: Connection, query: str, values: Sequence[Any], paging: Paging, place_of: Callable[[Row], Place]
) -> Page:
    """Return the page that a query gives, which begins after the page's place and ends after `paging.fetched` rows."""
    page: list[Row] = []
    size = 0
    async with aclosing(fetch_rows(connection, query, values, few=paging.limit <= FETCHED_ROWS)) as rows:
        async for row in rows:
            if page and (len(page) == paging.limit or size > MOST_BYTES):
                return Page(page, paging.cursor_at(place_of(page[-1])))
            page.append(row)
            size += sum(len(value) for value in row.values() if isinstance(value, str))
    return Page(page, None)


async def fetch_rows(
    connection: Connection, query: str, values: Sequence[Any], *, few: bool = False
) -> AsyncGenerator[Row, None]:
    """Yield a query's rows, of which memory holds a few at a time, or all where they are `few`."""
    if few:
        for row in await connection.fetch(query, *values):
            yield row
        return
    async for row in connection.cursor(query, *values, prefetch=FETCHED_ROWS):
        yield row
