"""The table `orders`: the merged state of each order, read under lock and written in batches."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

import msgspec

from services.worker.merge import Merged, Stored
from shared.database import Connection, Row, unless_empty
from shared.fold import State
from shared.orders.identity import Identity

FIELD_COLUMNS: Final = (
    ("orderStatus", "order_status", "text"),
    ("paymentStatus", "payment_status", "text"),
    ("customerEmail", "customer_email", "text"),
    ("customerName", "customer_name", "text"),
    ("customerPhone", "customer_phone", "text"),
    ("customerLanguage", "customer_language", "text"),
    ("items", "items", "jsonb"),
    ("total", "total", "numeric"),
    ("currency", "currency", "text"),
    ("amountPaid", "amount_paid", "numeric"),
    ("paymentMethod", "payment_method", "text"),
    ("invoiceNumber", "invoice_number", "text"),
    ("invoiceUrl", "invoice_url", "text"),
    ("invoiceDate", "invoice_date", "date"),
    ("dueDate", "due_date", "date"),
    ("paymentUrl", "payment_url", "text"),
    ("metadata", "metadata", "jsonb"),
)
"""The fields of an order, each with its column and the type to which its text is cast."""
_JSON: Final = frozenset({"items", "metadata"})
_MOMENTS: Final = ("created_at", "updated_at", "paid_since", "overdue_since")
_STATE: Final = (
    *((column, "text", f"n.{column}::{kind}") for _, column, kind in FIELD_COLUMNS),
    ("version", "bigint", "n.version"),
    ("newest", "bigint", "n.newest"),
    # Microseconds: a float of seconds would round them away.
    *((name, "bigint", f"'epoch'::timestamptz + n.{name} * interval '1 microsecond'") for name in _MOMENTS),
    ("amount_paid_peak", "text", "n.amount_paid_peak::numeric"),
)
_IDENTITY: Final = (
    ("account_id", "uuid", "n.account_id"),
    ("livemode", "boolean", "n.livemode"),
    ("platform", "text", "n.platform"),
    ("order_number", "text", "n.order_number"),
)


def _unnest(columns: Sequence[tuple[str, str, str]]) -> str:
    arrays = ", ".join(f"${number}::{kind}[]" for number, (_, kind, _) in enumerate(columns, 1))
    return f"unnest({arrays}) AS n({', '.join(column for column, _, _ in columns)})"


_INSERTED: Final = (("id", "uuid", "n.id"), *_IDENTITY, *_STATE)
_UPDATED: Final = (("id", "uuid", "n.id"), *_STATE)

_KNOWN: Final = """
SELECT (extract(epoch FROM now()) * 1000000)::bigint AS now,
    ARRAY(SELECT id FROM orders WHERE id = ANY($1::uuid[])) AS known
"""

# In the order of ids, as every worker inserts and locks: two that meet wait for each other, never in a circle.
_INSERT: Final = f"""
INSERT INTO orders ({", ".join(column for column, _, _ in _INSERTED)})
SELECT {", ".join(value for _, _, value in _INSERTED)} FROM {_unnest(_INSERTED)} ORDER BY n.id
ON CONFLICT (id) DO NOTHING
RETURNING id
"""

_LOCK: Final = f"""
SELECT id, account_id, livemode, platform, order_number,
    {", ".join(f"{column}::text" for _, column, _ in FIELD_COLUMNS)}, version, newest,
    {", ".join(f"(extract(epoch FROM {name}) * 1000000)::bigint AS {name}" for name in _MOMENTS)},
    amount_paid_peak::text
FROM orders WHERE id = ANY($1::uuid[]) ORDER BY id FOR UPDATE
"""

_UPDATE: Final = f"""
UPDATE orders AS o SET {", ".join(f"{column} = {value}" for column, _, value in _STATE)}
FROM {_unnest(_UPDATED)} WHERE o.id = n.id
"""


async def read_known(connection: Connection, ids: Sequence[UUID]) -> tuple[int, set[UUID]]:
    """Return the transaction's time in microseconds, and which orders exist already."""
    row = await connection.fetchrow(_KNOWN, ids)
    if row is None:
        raise RuntimeError("a SELECT without FROM returned no row")
    return row["now"], set(row["known"])


async def insert_orders(connection: Connection, merged: Mapping[UUID, Merged]) -> set[UUID]:
    """Insert new orders; return the ids of those inserted.

    One that is not returned was made by another worker meanwhile (this waited for it to commit).
    """
    if not merged:
        return set()
    identities = [result.identity for result in merged.values()]
    rows = await connection.fetch(
        _INSERT,
        list(merged),
        [identity.account for identity in identities],
        [identity.live for identity in identities],
        [identity.platform for identity in identities],
        [identity.order_number for identity in identities],
        *_state_columns(list(merged.values())),
    )
    return {row["id"] for row in rows}


async def lock_orders(connection: Connection, ids: Sequence[UUID]) -> dict[UUID, Stored]:
    """Lock the rows of orders until the transaction ends, and return what they hold."""
    if not ids:
        return {}
    return {row["id"]: _stored(row) for row in await connection.fetch(_LOCK, ids)}


async def update_orders(connection: Connection, merged: Mapping[UUID, Merged]) -> None:
    """Write the new state of locked orders."""
    if merged:
        await connection.execute(_UPDATE, list(merged), *_state_columns(list(merged.values())))


async def delete_orders(connection: Connection, ids: Sequence[UUID]) -> None:
    """Delete orders of which nothing is left that counts; their rejected history stays."""
    if ids:
        await connection.execute("DELETE FROM orders WHERE id = ANY($1::uuid[])", ids)


def _stored(row: Row) -> Stored:
    fields: dict[str, Any] = {}
    for name, column, _ in FIELD_COLUMNS:
        text = row[column]
        if text is not None:
            fields[name] = msgspec.json.decode(text) if name in _JSON else text
    state = State(
        fields,
        row["version"],
        row["created_at"],
        row["updated_at"],
        row["paid_since"],
        row["overdue_since"],
        Decimal(row["amount_paid_peak"]),
    )
    identity = Identity(row["account_id"], row["livemode"], row["platform"], row["order_number"])
    return Stored(identity, state, row["newest"])


def _state_columns(merged: Sequence[Merged]) -> list[Sequence[Any]]:
    states = [result.state for result in merged]
    columns: list[list[Any]] = []
    for name, _, _ in FIELD_COLUMNS:
        values = [state.fields.get(name) for state in states]
        if name in _JSON:
            values = [None if value is None else msgspec.json.encode(value).decode() for value in values]
        columns.append(values)
    columns.append([state.version for state in states])
    columns.append([result.newest for result in merged])
    columns.append([state.created_at for state in states])
    columns.append([state.updated_at for state in states])
    columns.append([state.paid_since for state in states])
    columns.append([state.overdue_since for state in states])
    columns.append([str(state.amount_paid_peak) for state in states])
    return [unless_empty(column) for column in columns]
