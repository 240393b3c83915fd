"""What a writer sent and what it was told, in an append-only file: the one witness that the oracle believes."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
from msgspec import Struct

_encode = msgspec.json.Encoder().encode


class Receipt(Struct, frozen=True):
    """What the answer promised of one order."""

    id: UUID
    version: int


class Sent(Struct, frozen=True, tag="sent"):
    """A request leaves `at` this time (seconds, monotonic); `orders` as in its body; `broken` ones must be refused."""

    attempt: int
    at: float
    orders: Sequence[dict[str, Any]]
    key: str | None
    batch: bool
    wait: int | None
    broken: bool


class Answered(Struct, frozen=True, tag="answered"):
    """Its answer has come whole; `receipts` are those of the orders, in their order, None where one was refused."""

    attempt: int
    at: float
    status: int
    seconds: float
    receipts: Sequence[Receipt | None] = ()


class Unanswered(Struct, frozen=True, tag="unanswered"):
    """No answer came, whatever the reason; `hung` where the time was over."""

    attempt: int
    reason: str
    seconds: float
    hung: bool = False


class GaveUp(Struct, frozen=True, tag="gave_up"):
    """The client stopped trying: what a client that retries must never need."""

    attempt: int


Entry = Sent | Answered | Unanswered | GaveUp
_decode = msgspec.json.Decoder(Entry).decode


class Journal:
    """Appends entries; each is written before the next step is taken."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = path.open("ab", buffering=0)
        self._attempts = 0

    def next_attempt(self) -> int:
        """Return a new attempt's number."""
        self._attempts += 1
        return self._attempts

    def add(self, entry: Entry) -> None:
        """Append one entry."""
        self._file.write(_encode(entry) + b"\n")

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def read(self) -> list[Entry]:
        """Return all entries, as they are in the file."""
        return [_decode(line) for line in self._path.read_bytes().splitlines()]
