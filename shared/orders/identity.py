"""What identifies an order, and its id: a UUIDv5 of that, so that a gateway can answer it before anything is stored."""

from typing import Final
from uuid import UUID

from msgspec import Struct
from uuid_utils.compat import uuid5

_ORDERS: Final = UUID("6f1d7a36-7f0e-5c53-9d0a-6f2b6f3d2c11")

LONGEST_PLATFORM: Final = 64
LONGEST_ORDER_NUMBER: Final = 128
"""In characters."""


class Identity(Struct, frozen=True):
    """Account, live or test, platform and number: no two orders share all four."""

    account: UUID
    live: bool
    platform: str
    order_number: str

    def order_id(self) -> UUID:
        """Return the order's id; NUL cannot occur in the parts, so no two identities share one name."""
        world = "live" if self.live else "test"
        return uuid5(_ORDERS, f"{self.account}\0{world}\0{self.platform}\0{self.order_number}")
