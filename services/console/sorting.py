"""In which order a list of orders is shown, and where in it a page ended. Nulls come last, whichever the direction."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

import msgspec
from msgspec import Struct

from shared.database import Row


class Sort(Struct, frozen=True):
    """A sort order; the id decides between equals, so that every order has one place.

    A place is (value, id), of `place_type`. Sorted by a nullable column, a list is values first and then nulls.
    """

    name: str
    column: str
    cast: str
    place_type: Any
    is_nullable: bool = False
    is_descending: bool = False

    @property
    def word(self) -> str:
        """What the parameter `sort` says."""
        return f"-{self.name}" if self.is_descending else self.name

    @property
    def _sorted(self) -> str:
        """The column of the table: ORDER BY would take a bare name for what the query makes of it (total as text)."""
        return f"orders.{self.column}"

    def order_by(self) -> str:
        """Return the ORDER BY clause."""
        direction = "DESC" if self.is_descending else "ASC"
        nulls = " NULLS LAST" if self.is_nullable else ""
        return f"ORDER BY {self._sorted} {direction}{nulls}, orders.id {direction}"

    def after(self, place: tuple[Any, UUID], first: int) -> tuple[str, list[Any]]:
        """Return the condition for what comes after a place, with parameters from `$first` on, and their values."""
        value, order_id = place
        beyond = "<" if self.is_descending else ">"
        if value is None:
            return f"({self._sorted} IS NULL AND orders.id {beyond} ${first}::uuid)", [order_id]
        row = f"({self._sorted}, orders.id) {beyond} (${first}::{self.cast}, ${first + 1}::uuid)"
        # A row comparison with a null in it is neither true nor false.
        return f"({row} OR {self._sorted} IS NULL)" if self.is_nullable else row, [value, order_id]

    def place_of(self, row: Row) -> tuple[Any, UUID]:
        """Return the place of a row, which holds the sorted column as `place`."""
        return row["place"], row["id"]


_ASCENDING: Final = (
    Sort("updatedAt", "updated_at", "timestamptz", tuple[datetime, UUID]),
    Sort("createdAt", "created_at", "timestamptz", tuple[datetime, UUID]),
    Sort("dueDate", "due_date", "date", tuple[date | None, UUID], is_nullable=True),
    Sort("total", "total", "numeric", tuple[Decimal | None, UUID], is_nullable=True),
    Sort("orderNumber", "order_number", "text", tuple[str, UUID]),
)
SORTS: Final = {
    sort.word: sort
    for ascending in _ASCENDING
    for sort in (ascending, msgspec.structs.replace(ascending, is_descending=True))
}
"""Every sort order by its word."""
NEWEST: Final = SORTS["-updatedAt"]
