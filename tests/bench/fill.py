"""Many orders at once, made by Postgres itself: rows as the worker writes them, each with one submission behind it."""

import time
from typing import Final
from uuid import UUID

import asyncpg
import msgspec

from shared.orders.validation import read_order
from shared.versions import version_at
from tests.bench.orders import Bodies

PREFIX: Final = "filled-"
_CHUNK: Final = 250_000
_NUMBER: Final = f"'{PREFIX}' || lpad(g::text, 9, '0')"
# The namespace does not matter here: an id only has to be as random as a real one, and found again by its number.
_ID: Final = f"md5({_NUMBER})::uuid"
# Spread over a year, as a year's invoices are; one in three is paid, one in ten overdue.
_MOMENT: Final = "now() - make_interval(mins => (g % 525600)::int)"
_STATUS: Final = "CASE WHEN g % 3 = 0 THEN 'paid' WHEN g % 10 = 1 THEN 'overdue' ELSE 'pending' END"
_ORDERS: Final = f"""
INSERT INTO orders (id, account_id, livemode, platform, order_number, order_status, payment_status, customer_email,
    customer_name, items, total, currency, amount_paid, invoice_number, invoice_url, invoice_date, due_date, version,
    newest, created_at, updated_at, paid_since, overdue_since, amount_paid_peak)
SELECT {_ID}, $1, true, 'custom', {_NUMBER}, 'processing', {_STATUS}, 'klant' || g % 5000 || '@bedrijf.nl',
    'Architectenbureau De Groot', $2::text::jsonb, 2950, 'EUR', CASE WHEN g % 3 = 0 THEN 2950 END, {_NUMBER},
    'https://mijn-boekhouding.nl/facturen/INV-2026-042.pdf', ({_MOMENT})::date, ({_MOMENT})::date + 30, $3, $3,
    {_MOMENT}, {_MOMENT}, CASE WHEN g % 3 = 0 THEN {_MOMENT} END, CASE WHEN g % 10 = 1 THEN {_MOMENT} END, 0
FROM generate_series($4::bigint, $5::bigint) AS g
"""
_SUBMISSIONS: Final = f"""
INSERT INTO submissions (id, order_id, account_id, livemode, platform, order_number, version, state, sets, clears,
    fingerprint, keyed, marks, api_key_id, received_at, settled_at)
SELECT ('01900000-0000-7000-8000-' || lpad(to_hex(g), 12, '0'))::uuid, {_ID}, $1, true, 'custom', {_NUMBER}, $3,
    'applied', $2::text::jsonb, '{{}}', decode(md5(g::text), 'hex'), false, 0, $1, {_MOMENT}, {_MOMENT}
FROM generate_series($4::bigint, $5::bigint) AS g
"""


async def fill(url: str, account: UUID, first: int, last: int) -> float:
    """Add the orders numbered from `first` to `last`, the last one not included; return the seconds it took."""
    began = time.perf_counter()
    content = read_order(Bodies("new", PREFIX).next(), strict=False, now=0).content
    items = msgspec.json.encode(content.sets["items"]).decode()
    sets = msgspec.json.encode(content.sets).decode()
    version = version_at(int((time.time() - 3600) * 1e6))
    connection = await asyncpg.connect(url, timeout=30)
    try:
        for start in range(first, last, _CHUNK):
            end = min(start + _CHUNK, last) - 1
            async with connection.transaction():
                await connection.execute("SET LOCAL synchronous_commit = off")
                await connection.execute(_ORDERS, account, items, version, start, end)
                await connection.execute(_SUBMISSIONS, account, sets, version, start, end)
        await connection.execute("VACUUM ANALYZE orders")
        await connection.execute("VACUUM ANALYZE submissions")
    finally:
        await connection.close()
    return time.perf_counter() - began
