"""Whose turn it is: of what is due, each account's oldest in turn, so that one's flood delays no other's message."""

from collections import Counter
from collections.abc import Sequence
from typing import Final
from uuid import UUID

from services.notifier.locks import IS_DUE
from services.notifier.rows import OPEN
from shared.database import Connection, Row

START: Final = UUID(int=0)
_SCANNED_ACCOUNTS: Final = 200

# The accounts behind one with something to send, due or not: one probe of an index each, however much that is. Of each,
# what is due first.
_TURNS: Final = f"""
WITH RECURSIVE accounts (account_id, nth) AS (
    (SELECT account_id, 1 FROM notifications
     WHERE channel = $1 AND kind = $2 AND state IN {OPEN} AND account_id > $3 ORDER BY account_id LIMIT 1)
    UNION ALL
    SELECT (SELECT n.account_id FROM notifications AS n
            WHERE n.channel = $1 AND n.kind = $2 AND n.state IN {OPEN} AND n.account_id > accounts.account_id
            ORDER BY n.account_id LIMIT 1), nth + 1
    FROM accounts WHERE accounts.account_id IS NOT NULL AND nth < {_SCANNED_ACCOUNTS}
)
SELECT accounts.account_id, due.id
FROM accounts LEFT JOIN LATERAL (
    SELECT n.id, n.due_at FROM notifications AS n
    WHERE {IS_DUE} AND n.kind = $2 AND n.account_id = accounts.account_id ORDER BY n.due_at LIMIT $4
) AS due ON accounts.account_id <> ALL ($5::uuid[])
WHERE accounts.account_id IS NOT NULL
ORDER BY accounts.account_id, due.due_at
"""


class Turns:
    """Picks what is due on a channel, account by account, and goes on behind the one that it came to.

    It picks from a part of the accounts at a time; the part moves on with every look, so that each comes to its turn.
    """

    def __init__(self) -> None:
        self._after: dict[tuple[str, str], UUID] = {}

    async def pick(
        self, connection: Connection, channel: str, kind: str, most: int, resting: Sequence[UUID]
    ) -> list[UUID]:
        """Return up to `most` notifications that are due, none of a resting account's; nothing is locked."""
        after = self._after.get((channel, kind), START)
        rows = await connection.fetch(_TURNS, channel, kind, after, most, resting)
        if after != START and len(_accounts(rows)) < _SCANNED_ACCOUNTS:
            # It came to the end: those at the beginning are next.
            first = await connection.fetch(_TURNS, channel, kind, START, most, resting)
            rows += [row for row in first if row["account_id"] <= after]

        turns: Counter[UUID] = Counter()
        due: list[tuple[int, bool, UUID, UUID]] = []
        for row in rows:
            if row["id"] is not None:
                turns[row["account_id"]] += 1
                due.append((turns[row["account_id"]], *_place(row, after), row["id"]))
        due = sorted(due)[:most]
        # Where all of a part had a turn, the next part is next; else whoever is behind the last that had one.
        is_all = len(due) < most or (due[-1][0] > 1 and len(_accounts(rows)) >= _SCANNED_ACCOUNTS)
        if is_all:
            self._after[channel, kind] = max((_place(row, after) for row in rows), default=(True, START))[1]
        else:
            self._after[channel, kind] = due[-1][2]
        return [id for *_, id in due]


def _place(row: Row, after: UUID) -> tuple[bool, UUID]:
    """Return where an account stands in the round that begins behind another one."""
    return row["account_id"] <= after, row["account_id"]


def _accounts(rows: Sequence[Row]) -> set[UUID]:
    return {row["account_id"] for row in rows}
