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

CHANNEL: Final = """
    CASE WHEN s.document->'channels'->>'whatsapp' IS DISTINCT FROM 'true' THEN 'email'
        WHEN s.document->'channels'->>'email' = 'false' THEN 'whatsapp'
        WHEN NOT EXISTS (SELECT FROM whatsapp_accounts AS w WHERE w.account_id = n.account_id) THEN 'email'
        WHEN o.customer_phone IS NULL AND o.customer_email IS NOT NULL THEN 'email'
        ELSE 'whatsapp'
    END
"""
"""Over which of its channels the client is reached, with the account's settings `s`.

Where nobody is to be reached yet, either address may come.
"""
