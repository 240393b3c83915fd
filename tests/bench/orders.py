"""The orders that are posted: the README's invoice and its payment, told apart by their numbers alone.

A body is cut at the order's number, so that making the next one costs the load generator next to nothing.
"""

from typing import Any, Final, Literal

import msgspec

Kind = Literal["new", "paid", "changed", "hot"]
"""`new`: an invoice never seen before; `paid`: its payment (two events); `changed`: an update that tells nobody
anything but that it happened (one event); `hot`: as `changed`, of a few orders over and over."""

HOT_ORDERS: Final = 8
_NUMBER: Final = "@number@"
_SERIAL: Final = "@serial@"

_BODIES: Final[dict[Kind, dict[str, Any]]] = {
    "new": {
        "platform": "custom",
        "orderNumber": _NUMBER,
        "orderStatus": "processing",
        "customerEmail": "klant@bedrijf.nl",
        "customerName": "Architectenbureau De Groot",
        "items": [
            {"name": "Ontwerp woning - fase 1", "quantity": 1, "price": "2500.00"},
            {"name": "Bouwtechnisch advies", "quantity": 3, "price": "150.00"},
        ],
        "total": "2950.00",
        "currency": "EUR",
        "paymentStatus": "pending",
        "invoiceNumber": _NUMBER,
        "invoiceUrl": "https://mijn-boekhouding.nl/facturen/INV-2026-042.pdf",
    },
    "paid": {
        "platform": "custom",
        "orderNumber": _NUMBER,
        "orderStatus": "delivered",
        "paymentStatus": "paid",
        "paymentMethod": "bankoverschrijving",
        "amountPaid": "2950.00",
    },
    "changed": {
        "platform": "custom",
        "orderNumber": _NUMBER,
        "orderStatus": "delivered",
        "paymentMethod": "bankoverschrijving",
        "metadata": {"change": _SERIAL},
    },
}
_BODIES["hot"] = _BODIES["changed"]


def number_of(kind: Kind, serial: int, population: int) -> int:
    """Return which order the so-manieth body of a kind is about; updates go round a population of so many orders."""
    if kind == "new":
        return serial
    return serial % (HOT_ORDERS if kind == "hot" else population)


class Bodies:
    """Makes the bodies of one kind, one after the other, beginning with `first`; `each` of them to an array, or none.

    `prefix` tells the orders of one run from those of another.
    """

    def __init__(self, kind: Kind, prefix: str, *, first: int = 0, population: int = 1, each: int = 1) -> None:
        self._kind = kind
        self._prefix = prefix.encode()
        self._population = population
        self._each = each
        self._serial = first
        self._pieces = _cut(msgspec.json.encode(_BODIES[kind]))

    def next(self) -> bytes:
        """Return the next body."""
        if self._each == 1:
            return self._one()
        return b"[" + b",".join([self._one() for _ in range(self._each)]) + b"]"

    def _one(self) -> bytes:
        number = self._prefix + b"%09d" % number_of(self._kind, self._serial, self._population)
        serial = b"%d" % self._serial
        self._serial += 1
        return b"".join([number if piece is None else serial if piece == b"" else piece for piece in self._pieces])


def _cut(body: bytes) -> list[bytes | None]:
    """Return the pieces of a body: None stands for the number, an empty one for the serial."""
    pieces: list[bytes | None] = []
    for index, part in enumerate(body.split(_NUMBER.encode())):
        if index:
            pieces.append(None)
        for place, rest in enumerate(part.split(_SERIAL.encode())):
            pieces += [b"", rest] if place else [rest]
    return [piece for index, piece in enumerate(pieces) if piece or piece is None or index]
