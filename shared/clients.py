"""Whom a notification is for, in SQL: of an order `o`, over the channel of a notification `n`."""

from typing import Final

from shared.messages.order import ADDRESSES

ADDRESS: Final = f"""CASE n.channel {
    " ".join(f"WHEN '{channel}' THEN lower(nullif(o.{column}, ''))" for channel, column in ADDRESSES.items())
} END"""
"""Where the client is reached, NULL where nowhere; letter case does not matter."""

CLIENT: Final = f"""
    CASE WHEN {ADDRESS} IS NOT NULL THEN md5(concat_ws(' ', n.account_id, n.livemode, n.channel, {ADDRESS}))::uuid END
"""
"""One client of one account, in one world, on one channel: a digest, so of one size, and no address itself."""
