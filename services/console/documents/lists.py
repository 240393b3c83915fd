"""A page of any list."""

from typing import Generic, TypeVar

from msgspec import Struct

T = TypeVar("T")


class Page(Struct, Generic[T], frozen=True, rename="camel"):
    """A page of a list; `nextCursor` is null on the last one."""

    data: list[T]
    next_cursor: str | None
