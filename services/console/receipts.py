"""Reading receipts: where a submission stands once it is settled."""

from typing import Any, Final
from uuid import UUID

from services.console.tenancy import as_tenant
from shared.database import Database
from shared.keys import ApiKey
from shared.orders.moments import write_timestamp

_ONE: Final = """
SELECT id, state, version, duplicate_of, reason, order_id, platform, order_number,
    (extract(epoch FROM received_at) * 1000000)::bigint AS received_at,
    (extract(epoch FROM settled_at) * 1000000)::bigint AS settled_at
FROM submissions WHERE account_id = $1 AND livemode = $2 AND id = $3
"""


class ReceiptsReader:
    """Reads receipts as their tenant."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def one(self, key: ApiKey, receipt_id: UUID) -> dict[str, Any] | None:
        """Return one receipt as the API shows it, or None where nothing of that id is stored (yet)."""
        async with as_tenant(self._database, key) as connection:
            row = await connection.fetchrow(_ONE, key.account, key.live, receipt_id)
        if row is None:
            return None
        original = row["duplicate_of"]
        return {
            "id": str(row["id"]),
            "state": row["state"],
            "version": str(row["version"]),
            "duplicateOf": None if original is None else str(original),
            "reason": row["reason"],
            "receivedAt": write_timestamp(row["received_at"]),
            "settledAt": write_timestamp(row["settled_at"]),
            "order": {
                "id": str(row["order_id"]),
                "platform": row["platform"],
                "orderNumber": row["order_number"],
            },
        }
