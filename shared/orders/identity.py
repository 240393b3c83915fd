"""An order's id: a UUIDv5 of what identifies it, so that a gateway can answer it before anything is stored."""

from typing import Final
from uuid import UUID, uuid5

_ORDERS: Final = UUID("6f1d7a36-7f0e-5c53-9d0a-6f2b6f3d2c11")


def order_id(account: UUID, live: bool, platform: str, order_number: str) -> UUID:
    """Return the id of an order; NUL cannot occur in the parts, so no two identities share one name."""
    world = "live" if live else "test"
    return uuid5(_ORDERS, f"{account}\0{world}\0{platform}\0{order_number}")
