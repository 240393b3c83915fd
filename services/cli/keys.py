"""`bugalou keys`: the API keys of accounts."""

from collections.abc import Sequence
from datetime import UTC, datetime, time, timedelta
from typing import Annotated
from uuid import UUID

import cyclopts
import msgspec
from cyclopts import Parameter

from services.cli.operate import carry_out, opened
from services.console.accounts import Accounts, KeyRow, NewKey
from shared.errors import InvalidInput
from shared.keys import SCOPES

app = cyclopts.App(name="keys", help="API keys: shown once when made, stored as hashes.")
Json = Annotated[bool, Parameter(negative=())]


@app.command
def create(
    *,
    account: UUID,
    name: str,
    scopes: str = "orders:write,orders:read",
    platforms: str | None = None,
    expires: str | None = None,
    test: Annotated[bool, Parameter(negative=())] = False,
    json: Json = False,
) -> None:
    """Make a key.

    Parameters
    ----------
    account
        The id of the account that it speaks for.
    name
        What it is called in the history and the dashboard.
    scopes
        Comma-separated: orders:write, orders:read, admin.
    platforms
        Comma-separated platforms that it may post for; any, unless given.
    expires
        A day (2026-12-31: works until its end, UTC) or an RFC 3339 moment.
    test
        Make a key of the test world.
    json
        Print {"id", "key"} for a program.
    """
    wanted = _split(scopes)
    unknown = [scope for scope in wanted if scope not in SCOPES]

    async def work() -> NewKey:
        if unknown or not wanted:
            raise InvalidInput(f"Scopes are some of {', '.join(SCOPES)}")
        async with opened() as database:
            return await Accounts(database).create_key(
                account,
                live=not test,
                name=name,
                scopes=wanted,
                platforms=_split(platforms) if platforms else None,
                expires_at=_moment(expires) if expires else None,
            )

    _show(carry_out(work), json)


@app.command(name="list")
def list_(*, account: UUID | None = None, json: Json = False) -> None:
    """List keys, of one account or of all; the keys themselves are not stored.

    Parameters
    ----------
    account
        Only this account's.
    json
        Print an array for a program.
    """

    async def work() -> list[KeyRow]:
        async with opened() as database:
            return await Accounts(database).keys(account)

    rows = carry_out(work)
    if json:
        print(msgspec.json.encode(rows).decode())
        return
    # One line a key, whatever the width of the terminal: ids are there to be copied.
    for row in rows:
        platforms = "any platform" if row.platforms is None else ",".join(row.platforms)
        rights = f"{','.join(row.scopes)}  {platforms}"
        print(f"{row.id}  {row.hint}  {_state(row)}  {rights}  account {row.account}  {row.name}")


@app.command
def revoke(key: UUID, /) -> None:
    """Revoke a key for good; every gateway refuses it within two seconds.

    Parameters
    ----------
    key
        The key's id.
    """

    async def work() -> None:
        async with opened() as database:
            await Accounts(database).revoke(key)

    carry_out(work)
    print(f"{key} is revoked")


@app.command
def rotate(key: UUID, /, *, overlap_hours: float = 24.0, json: Json = False) -> None:
    """Make a key with the same rights as another, which goes on working for a while.

    Parameters
    ----------
    key
        The id of the key to replace.
    overlap_hours
        How long the old key still works.
    json
        Print {"id", "key"} for a program.
    """

    async def work() -> NewKey:
        if not 0 <= overlap_hours <= 24 * 366:
            raise InvalidInput("The overlap is 0 hours or more, and a year at most")
        async with opened() as database:
            return await Accounts(database).rotate(key, timedelta(hours=overlap_hours))

    _show(carry_out(work), json)


def _show(made: NewKey, as_json: bool) -> None:
    if as_json:
        print(msgspec.json.encode({"id": str(made.id), "key": made.key}).decode())
    else:
        print(f"id   {made.id}\nkey  {made.key}\nKeep the key now: only its hash is stored.")


def _split(text: str) -> Sequence[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise InvalidInput("--expires is a day such as 2026-12-31 or an RFC 3339 moment") from error
    if len(text) == len("2026-12-31"):
        return datetime.combine(moment.date() + timedelta(days=1), time(), UTC)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _state(row: KeyRow) -> str:
    now = datetime.now(UTC)
    if row.revoked_at is not None:
        return "revoked"
    if row.expires_at is None:
        return "active"
    return (
        f"expired {row.expires_at:%Y-%m-%d %H:%M}"
        if row.expires_at <= now
        else f"until {row.expires_at:%Y-%m-%d %H:%M}"
    )
