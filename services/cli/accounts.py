"""`bugalou accounts`: the tenants, and who signs in to their dashboards."""

from typing import Annotated, Any
from uuid import UUID

import cyclopts
import msgspec
from cyclopts import Parameter

from services.cli.operate import carry_out, opened, setting
from services.console.accounts import Accounts
from services.console.dashboard.sign_in_links import LASTS, SignInLinks

app = cyclopts.App(name="accounts", help="Tenants: every key, order and notification belongs to exactly one.")


@app.command
def create(name: str, /, *, json: Annotated[bool, Parameter(negative=())] = False) -> None:
    """Make an account with a live and a test key that may do everything; the keys are shown this once.

    Parameters
    ----------
    name
        What the account is called.
    json
        Print {"account", "key", "testKey"} for a program.
    """

    async def work() -> dict[str, Any]:
        async with opened() as database:
            account, live, test = await Accounts(database).create(name, ["admin"])
        return {"account": str(account), "key": live.key, "testKey": test.key}

    made = carry_out(work)
    if json:
        print(msgspec.json.encode(made).decode())
    else:
        print(f"account   {made['account']}\nlive key  {made['key']}\ntest key  {made['testKey']}")
        print("Keep the keys now: only their hashes are stored.")


@app.command
def link(
    account: UUID | None = None,
    /,
    *,
    test: Annotated[bool, Parameter(negative=())] = False,
    url: str | None = None,
    json: Annotated[bool, Parameter(negative=())] = False,
) -> None:
    """Make a link that signs in to an account's dashboard once; who follows it may do everything there.

    Parameters
    ----------
    account
        The account's id (default: the one that `bugalou up` made).
    test
        Only for its test data.
    url
        Where the dashboard is (default: BUGALOU_URL, or what `bugalou up` wrote).
    json
        Print {"link"} for a program.
    """
    chosen = account

    async def work() -> str:
        origin = (url or setting("URL")).rstrip("/")
        owner = chosen or UUID(setting("ACCOUNT"))
        async with opened() as database:
            return origin + await SignInLinks(database).make(owner, live=not test)

    made = carry_out(work)
    if json:
        print(msgspec.json.encode({"link": made}).decode())
    else:
        print(f"{made}\nIt works once, within {LASTS.total_seconds() / 60:.0f} minutes.")


@app.command
def sign_out(account: UUID, /) -> None:
    """End every session of an account's dashboard, and its links that nobody has used; keys stay as they are.

    Parameters
    ----------
    account
        The account's id.
    """

    async def work() -> None:
        async with opened() as database:
            await SignInLinks(database).sign_out_all(account)

    carry_out(work)
    print("Everybody is signed out.")
