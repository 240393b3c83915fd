"""The fields of an order that say who somebody is: what an erasure empties."""

from typing import Final

PERSONAL: Final = ("customerEmail", "customerName", "customerPhone")
