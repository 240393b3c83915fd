"""What identifies an order, and its id: a UUIDv5 of that, so that a gateway can answer it before anything is stored."""

from functools import lru_cache
from typing import Final
from uuid import UUID

import uuid_utils
from msgspec import Struct
from uuid_utils import uuid5

_ORDERS: Final = uuid_utils.UUID("6f1d7a36-7f0e-5c53-9d0a-6f2b6f3d2c11")

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
        name = f"{_world(self.account, self.live)}\0{self.platform}\0{self.order_number}"
        return UUID(int=uuid5(_ORDERS, name).int)


@lru_cache(4096)  # every order asks; writing a UUID takes Python longer than all else here
def _world(account: UUID, live: bool) -> str:
    return f"{account}\0{'live' if live else 'test'}"
