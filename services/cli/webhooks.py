"""`bugalou webhooks`: the webhooks of all accounts, for whoever runs the installation."""

from typing import Annotated, Any, Final
from uuid import UUID

import cyclopts
import msgspec
from cyclopts import Parameter
from yarl import URL

from services.cli.operate import carry_out, opened
from shared.errors import InvalidInput

app = cyclopts.App(name="webhooks", help="Webhooks of all accounts: see which fail, disable one that does harm.")
Json = Annotated[bool, Parameter(negative=())]

_LIST: Final = """
SELECT w.id, w.account_id AS account, w.livemode AS live, w.url, w.enabled, w.disabled_reason, w.failing_since,
    (SELECT count(*) FROM webhook_deliveries AS d WHERE d.webhook_id = w.id AND d.state = 'pending') AS pending
FROM webhooks AS w
WHERE ($1::uuid IS NULL OR account_id = $1) AND (NOT $2 OR NOT enabled OR failing_since IS NOT NULL)
ORDER BY w.created_at, w.id
"""
_SWITCH: Final = """
UPDATE webhooks SET enabled = $2, updated_at = now(), disabled_reason = CASE WHEN $2 THEN NULL ELSE 'operator' END,
    disabled_at = CASE WHEN $2 THEN NULL ELSE now() END, failing_since = NULL, last_failure_at = NULL,
    paused_until = NULL, is_slow = false
WHERE id = $1 AND enabled <> $2 RETURNING id
"""


@app.command(name="list")
def list_(*, account: UUID | None = None, failing: Json = False, json: Json = False) -> None:
    """List webhooks with how many events wait for each; of a URL, the host (--json has all of it).

    Parameters
    ----------
    account
        Only this account's.
    failing
        Only those that fail at the moment, or are disabled.
    json
        Print an array for a program.
    """

    async def work() -> list[dict[str, Any]]:
        async with opened() as database, database.transaction(readonly=True) as connection:
            return [dict(row) for row in await connection.fetch(_LIST, account, failing)]

    rows = carry_out(work)
    if json:
        print(msgspec.json.encode(rows).decode())
        return
    if not rows:
        print("no webhook fails or is disabled" if failing else "no webhooks")
    for row in rows:
        world, host = "live" if row["live"] else "test", URL(row["url"]).host
        print(f"{row['id']}  {_state(row)}  {row['pending']} pending  account {row['account']}  {world}  {host}")


@app.command
def disable(webhook: UUID, /) -> None:
    """Send nothing more to a webhook until `bugalou webhooks enable`; its account cannot enable it.

    Parameters
    ----------
    webhook
        The webhook's id.
    """
    _switch(webhook, enabled=False)
    print(f"{webhook} is disabled")


@app.command
def enable(webhook: UUID, /) -> None:
    """Send to a webhook again; what came meanwhile is sent by a replay.

    Parameters
    ----------
    webhook
        The webhook's id.
    """
    _switch(webhook, enabled=True)
    print(f"{webhook} is enabled")


def _switch(webhook: UUID, *, enabled: bool) -> None:
    async def work() -> None:
        async with opened() as database, database.transaction() as connection:
            if await connection.fetchval("SELECT 1 FROM webhooks WHERE id = $1", webhook) is None:
                raise InvalidInput(f"There is no webhook {webhook}")
            await connection.execute(_SWITCH, webhook, enabled)

    carry_out(work)


def _state(row: dict[str, Any]) -> str:
    if not row["enabled"]:
        return f"disabled ({row['disabled_reason']})"
    since = row["failing_since"]
    return "works" if since is None else f"failing since {since:%Y-%m-%d %H:%M}"
