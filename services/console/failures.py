"""The table `failures` for whoever looks after them: listed by cause, seen, mended, replayed, discarded.

Workers add failures and settle replays; from here a replay is only asked for. The functions take an `Owner`: an
account's key sees its own, the operator's command line everything, also what is nobody's since nobody can read it.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, Literal, get_args
from uuid import UUID

from msgspec import Struct

from services.console.failure_message import NOT_MENDABLE, mended, order_body, shown, submission_in
from services.console.orders import Shown
from services.console.paging import Page, Paging, Place, fetch_page
from services.console.tenancy import as_tenant
from shared.database import Connection, Database, Row
from shared.failures import CHANNEL
from shared.http.problems import Problem
from shared.keys import ApiKey
from shared.orders.content import Draft
from shared.orders.moments import write_moment

PLACE: Final = tuple[datetime, UUID]
"""The type of a place in the list: when it was set aside, and its id."""

State = Literal["open", "replaying", "replayed"]
STATES: Final = get_args(State)

_STATE: Final = """
CASE WHEN replayed_at IS NOT NULL THEN 'replayed' WHEN replay_requested_at IS NOT NULL THEN 'replaying' ELSE 'open' END
"""
_COLUMNS: Final = f"""
id, account_id, livemode, place, cause, reason, {_STATE} AS state, submission_id, order_id, platform, order_number,
trace, created_at, mended IS NOT NULL AS is_mended, replays, notify, replayed_at, replayed_by, outcome
"""
_OWNED: Final = "($1::uuid IS NULL OR account_id = $1) AND ($2::boolean IS NULL OR livemode = $2)"
_SELECTED: Final = f"""
FROM failures WHERE {_OWNED} AND discarded_at IS NULL AND {_STATE} = ANY($3::text[])
    AND ($4::text IS NULL OR cause = $4) AND ($5::text IS NULL OR place = $5)
"""
_PAGE: Final = f"""
SELECT {_COLUMNS} {_SELECTED} AND ($6::timestamptz IS NULL OR (created_at, id) < ($6::timestamptz, $7::uuid))
ORDER BY created_at DESC, id DESC LIMIT $8
"""
_GROUPS: Final = f"""
SELECT cause, place, count(*) AS count, min(created_at) AS oldest, max(created_at) AS newest, min(reason) AS reason
{_SELECTED} GROUP BY cause, place ORDER BY count(*) DESC, cause, place LIMIT 100
"""
_ONE: Final = f"""
SELECT {_COLUMNS}, body, mended FROM failures WHERE {_OWNED} AND id = $3 AND discarded_at IS NULL
"""
_IDS: Final = f"SELECT id {_SELECTED} ORDER BY created_at, id LIMIT $6"
_LOCK: Final = f"""
SELECT id, place, account_id, body, {_STATE} AS state FROM failures
WHERE {_OWNED} AND id = $3 AND discarded_at IS NULL FOR UPDATE
"""
_MEND: Final = "UPDATE failures SET mended = $2 WHERE id = $1"
_ASK: Final = f"""
WITH told AS (SELECT pg_notify('{CHANNEL}', ''))
UPDATE failures SET replay_requested_at = now(), replayed_by = $2, notify = $3 FROM told WHERE id = $1
"""
_DISCARD: Final = f"UPDATE failures SET discarded_at = now() WHERE {_OWNED} AND id = $3 AND discarded_at IS NULL"


class Owner(Struct, frozen=True):
    """Whose failures: an account's in one world, or (None) anybody's."""

    account: UUID | None = None
    live: bool | None = None


class Choice(Struct, frozen=True):
    """Which failures: in some states, of one cause or of one place (None: any)."""

    states: Sequence[str] = ("open", "replaying")
    cause: str | None = None
    place: str | None = None


async def read_page(connection: Connection, owner: Owner, choice: Choice, paging: Paging) -> Page:
    """Return a page of failures, the newest first."""
    values = (*_values(owner, choice), *(paging.after or (None, None)), paging.fetched)
    return await fetch_page(connection, _PAGE, values, paging, _place_of)


async def read_groups(connection: Connection, owner: Owner, choice: Choice) -> list[Shown]:
    """Return how many failures there are of each cause and place, the most frequent first."""
    rows = await connection.fetch(_GROUPS, *_values(owner, choice))
    return [
        {
            "cause": row["cause"],
            "place": row["place"],
            "count": row["count"],
            "reason": row["reason"],
            "oldest": write_moment(row["oldest"]),
            "newest": write_moment(row["newest"]),
        }
        for row in rows
    ]


async def read_ids(connection: Connection, owner: Owner, choice: Choice, most: int) -> list[UUID]:
    """Return the ids of the oldest failures of a choice."""
    return [row["id"] for row in await connection.fetch(_IDS, *_values(owner, choice), most)]


async def read_one(connection: Connection, owner: Owner, failure_id: UUID) -> Row | None:
    """Return one failure with its message."""
    return await connection.fetchrow(_ONE, owner.account, owner.live, failure_id)


async def mend(connection: Connection, owner: Owner, failure_id: UUID, draft: Draft) -> None:
    """Keep a mended order beside what failed; its replays are of that."""
    row = await _lock(connection, owner, failure_id)
    if row["state"] == "replayed":
        raise Problem(409, "failure_replayed", "This failure has been replayed already: it cannot be mended any more")
    submission = submission_in(row["body"])
    if submission is None:
        raise Problem(422, "not_mendable", NOT_MENDABLE)
    await connection.execute(_MEND, failure_id, mended(submission, draft))


async def ask_replay(connection: Connection, owner: Owner, failure_id: UUID, *, by: str, notify: bool) -> None:
    """Ask for a replay, which a worker settles; asking again for one that is asked for or done changes nothing."""
    row = await _lock(connection, owner, failure_id)
    if row["state"] != "open":
        return
    if row["place"] != "worker" and not notify:
        sentence = (
            "This is an event that could not be taken by whoever tells it to clients, so its replay tells it:"
            " ask for that (notify), or discard it"
        )
        raise Problem(422, "replay_notifies", sentence)
    await connection.execute(_ASK, failure_id, by, notify)


async def discard(connection: Connection, owner: Owner, failure_id: UUID) -> None:
    """Take a failure off the list for good."""
    if await connection.execute(_DISCARD, owner.account, owner.live, failure_id) != "UPDATE 1":
        raise failure_not_found()


class FailuresStore:
    """The failures of the account and world that a caller's key is of; raises `Problem` for what cannot be done."""

    def __init__(self, reading: Database, writing: Database) -> None:
        self._reading = reading
        self._writing = writing

    async def page(self, caller: ApiKey, choice: Choice, paging: Paging) -> tuple[list[Shown], list[Shown], str | None]:
        """Return a page of failures, how many there are of each cause, and the cursor of the next page."""
        owner = _owner(caller)
        async with as_tenant(self._reading, caller) as connection:
            page = await read_page(connection, owner, choice, paging)
            groups = await read_groups(connection, owner, choice)
        return [view(row) for row in page.rows], groups, page.next_cursor

    async def one(self, caller: ApiKey, failure_id: UUID) -> Shown:
        """Return one failure with what it holds."""
        async with as_tenant(self._reading, caller) as connection:
            row = await read_one(connection, _owner(caller), failure_id)
        if row is None:
            raise failure_not_found()
        return view_whole(row)

    async def replay(self, caller: ApiKey, failure_id: UUID, draft: Draft | None, *, notify: bool) -> Shown:
        """Ask for a replay, of the order as mended if `draft` is given; return the failure as it is now."""
        await self._check_visible(caller, failure_id)
        async with self._writing.transaction(account=caller.account) as connection:
            if draft is not None:
                await mend(connection, _owner(caller), failure_id, draft)
            await ask_replay(connection, _owner(caller), failure_id, by=caller.name, notify=notify)
            row = await read_one(connection, _owner(caller), failure_id)
        if row is None:
            raise failure_not_found()
        return view(row)

    async def discard(self, caller: ApiKey, failure_id: UUID) -> None:
        """Take a failure off the list."""
        await self._check_visible(caller, failure_id)
        async with self._writing.transaction(account=caller.account) as connection:
            await discard(connection, _owner(caller), failure_id)

    async def _check_visible(self, caller: ApiKey, failure_id: UUID) -> None:
        """Raise 404 for what row-level security hides, another platform's failures too."""
        async with as_tenant(self._reading, caller) as connection:
            if await read_one(connection, _owner(caller), failure_id) is None:
                raise failure_not_found()


def failure_not_found() -> Problem:
    """Return the problem of a failure that does not exist, or not for the caller."""
    return Problem(404, "failure_not_found", "There is no failure of this id in this account")


def view(row: Row) -> Shown:
    """Return a failure as lists show it: nothing of its message."""
    order = None
    if row["order_id"] is not None:
        order = {"id": str(row["order_id"]), "platform": row["platform"], "orderNumber": row["order_number"]}
    return {
        "id": str(row["id"]),
        "state": row["state"],
        "place": row["place"],
        "cause": row["cause"],
        "reason": row["reason"],
        "submission": _text(row["submission_id"]),
        "order": order,
        "traceId": row["trace"],
        "createdAt": write_moment(row["created_at"]),
        "mended": row["is_mended"],
        "replays": row["replays"],
        "notify": row["notify"],
        "replayedAt": write_moment(row["replayed_at"]),
        "replayedBy": row["replayed_by"],
        "outcome": row["outcome"],
    }


def view_whole(row: Row) -> Shown:
    """Return a failure with its message: as it came, and, where it is one order, the body that a replay would take."""
    current = submission_in(row["mended"] or row["body"])
    return {
        **view(row),
        "message": shown(row["body"]),
        "body": None if current is None else order_body(current),
    }


async def _lock(connection: Connection, owner: Owner, failure_id: UUID) -> Row:
    row = await connection.fetchrow(_LOCK, owner.account, owner.live, failure_id)
    if row is None:
        raise failure_not_found()
    return row


def _owner(caller: ApiKey) -> Owner:
    return Owner(caller.account, caller.live)


def _values(owner: Owner, choice: Choice) -> tuple[Any, ...]:
    return owner.account, owner.live, list(choice.states), choice.cause, choice.place


def _place_of(row: Row) -> Place:
    return row["created_at"], row["id"]


def _text(value: UUID | None) -> str | None:
    return None if value is None else str(value)
