"""`bugalou accounts`: the tenants."""

from typing import Annotated, Any

import cyclopts
import msgspec
from cyclopts import Parameter

from services.cli.operate import carry_out, opened
from services.console.accounts import Accounts

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
