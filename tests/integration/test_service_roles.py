"""Least privilege: each service does its work under a login of its role alone, and writes nothing of another."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from importlib import import_module
from typing import Any, Final

import pytest

from services import __main__ as composition
from services.notifier import app as notifier
from services.notifier import settings as notifier_settings
from services.relay import app as relay
from services.relay import settings as relay_settings
from services.worker import app as worker
from services.worker import settings as worker_settings
from shared.database import Database
from tests.consoles import read
from tests.gateways import JSON, SEED, client_of
from tests.isolation import execute
from tests.logins import make_login
from tests.notifier_world import Mailbox
from tests.polling import eventually
from tests.running import running
from tests.settings import settings_of
from tests.tenant import Tenant

RIGHTS: Final[dict[str, dict[str, str]]] = import_module("shared.migrations.versions.0010_service_roles").RIGHTS
READ: Final[dict[str, tuple[str, ...]]] = import_module("shared.migrations.versions.0015_reading_rights").READ
OWNERS: Final = {
    "bugalou_worker": {"submissions", "orders", "idempotency_keys", "failures", "suspects"},
    "bugalou_relay": {"reminders", "unconfirmed_events"},
    "bugalou_notifier": {
        *("notifications", "attempts", "webhook_deliveries", "webhook_attempts", "whatsapp_statuses"),
    },
    "bugalou_console_writer": {
        *("accounts", "settings", "api_keys", "access_revision", "webhooks", "whatsapp_accounts", "suppressions"),
        *("paused_orders", "paused_customers", "dashboard_sessions", "sign_in_links", "erased_orders"),
    },
    "bugalou_gateway": set(),
}
"""The one service that each table belongs to; the outbox is everybody's to add to and the relay's to empty."""
NOBODYS: Final = {"alembic_version"}


async def tables(database: Database) -> set[str]:
    async with database.transaction() as connection:
        rows = await connection.fetch(
            "SELECT c.relname FROM pg_class AS c WHERE c.relnamespace = 'public'::regnamespace"
            " AND c.relkind IN ('r', 'p') AND NOT c.relispartition"
        )
    return {row["relname"] for row in rows}


async def test_every_table_belongs_to_one_service(database: Database) -> None:
    owned = [table for tables_ in OWNERS.values() for table in tables_]
    assert len(owned) == len(set(owned))
    assert {*owned, "outbox"} == await tables(database) - NOBODYS


async def test_no_service_writes_what_another_owns(database: Database) -> None:
    for role, own in OWNERS.items():
        for table in sorted(await tables(database) - own):
            granted = RIGHTS[role].get(table, "")
            async with database.transaction() as connection:
                for right in ("INSERT", "UPDATE", "DELETE", "TRUNCATE"):
                    has = await connection.fetchval("SELECT has_table_privilege($1, $2, $3)", role, table, right)
                    # A right on some columns is none on the table.
                    wanted = right in granted and f"{right} (" not in granted
                    assert has == wanted, f"{role} {right} {table}"


async def test_no_service_reads_more_than_its_work_needs(database: Database) -> None:
    for role, own in READ.items():
        async with database.transaction() as connection:
            rows = await connection.fetch(
                "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')"
                " AND has_table_privilege($1, oid, 'SELECT')",
                role,
            )
        assert {row["relname"] for row in rows} == {*own, *NOBODYS}, role


@pytest.mark.parametrize(
    ("role", "statement"),
    [
        ("bugalou_gateway", "SELECT FROM orders"),
        ("bugalou_gateway", "SELECT digest FROM sign_in_links"),
        ("bugalou_worker", "SELECT secret FROM webhooks"),
        ("bugalou_relay", "SELECT secret FROM webhooks"),
        ("bugalou_relay", "SELECT FROM api_keys"),
        ("bugalou_notifier", "SELECT digest FROM dashboard_sessions"),
        ("bugalou_gateway", "DELETE FROM orders"),
        ("bugalou_gateway", "UPDATE api_keys SET scopes = '{admin}'"),
        ("bugalou_worker", "UPDATE api_keys SET scopes = '{admin}'"),
        ("bugalou_worker", "DELETE FROM outbox"),
        ("bugalou_relay", "DELETE FROM submissions"),
        ("bugalou_notifier", "UPDATE orders SET payment_status = 'paid'"),
        ("bugalou_notifier", "UPDATE webhooks SET url = 'https://elsewhere.example'"),
        ("bugalou_console_writer", "UPDATE orders SET payment_status = 'paid'"),
        ("bugalou_console_writer", "DELETE FROM submissions"),
        ("bugalou_console_writer", "CREATE TABLE mine ()"),
        ("bugalou_worker", "SELECT outbox_drop_partitions(0)"),
    ],
)
async def test_service_that_was_taken_over_is_held_to_its_rights(
    database_url: str, logins: dict[str, str], role: str, statement: str
) -> None:
    assert database_url
    with pytest.raises(Exception, match="permission denied"):
        await execute(logins[role], statement)


@pytest.fixture
async def logins(database_url: str) -> AsyncIterator[dict[str, str]]:
    """A login for each service that is a member of its role and of nothing else: the addresses."""
    addresses, names = {}, []
    for role in OWNERS:
        roles = (role, "bugalou_console") if role == "bugalou_console_writer" else (role,)
        name, addresses[role] = await make_login(database_url, *roles)
        names.append(name)
    yield addresses
    for name in names:
        await execute(database_url, f"DROP OWNED BY {name}; DROP ROLE {name}")


async def test_whole_road_works_with_a_login_of_its_role_for_each_service(
    database: Database, amqp_url: str, amqp_prefix: str, account: Tenant, logins: dict[str, str]
) -> None:
    mailbox = Mailbox()
    await mailbox.start()

    def settings(fill: Any, role: str, **more: object) -> Any:
        return settings_of(fill, database_url=logins[role], amqp_url=amqp_url, amqp_prefix=amqp_prefix, **more)

    gateway = settings(composition.fill_for(("gateway",)), "bugalou_gateway")
    console = settings(composition.fill_for(("console",)), "bugalou_console_writer")
    mail = {"SMTP_HOST": "127.0.0.1", "SMTP_PORT": mailbox.port, "SETTLE_SECONDS": 0}
    async with AsyncExitStack() as stack:
        for graph in (
            worker.graph(settings(worker_settings.fill, "bugalou_worker")),
            relay.graph(settings(relay_settings.fill, "bugalou_relay")),
            notifier.graph(settings(notifier_settings.fill, "bugalou_notifier", **mail)),
            composition.graph(gateway),
            composition.graph(console),
        ):
            await stack.enter_async_context(running(graph))
        posting = await stack.enter_async_context(client_of(f"http://127.0.0.1:{gateway.web.port}", account.live.key))
        reading = await stack.enter_async_context(client_of(f"http://127.0.0.1:{console.web.port}", account.live.key))
        for client in (posting, reading):
            await eventually(client.is_ready, what="both are ready")
        paid = {"paymentStatus": "paid", "total": "10.00", "amountPaid": "10.00", "customerEmail": "klant@bedrijf.nl"}
        assert (await posting.post({**SEED, **paid}, Prefer="wait=20", Idempotency_Key="k")).status == 201
        assert (await read(reading, "/orders/custom/INV-2026-042"))["order"]["paymentStatus"] == "paid"
        await eventually(lambda: mailbox.mails, what="the client is thanked")
        body = b'{"language": "en", "rateLimit": {"requestsPerSecond": 1000, "burst": 1000}}'
        headers = {"X-API-Key": account.live.key, **JSON}
        assert (await reading.ask("PUT", "/api/v1/settings", body, headers)).status == 200
        made = await reading.ask("POST", "/api/v1/keys", b'{"name": "n", "scopes": ["orders:read"]}', headers)
        assert made.status == 201
        erased = await reading.ask("DELETE", "/api/v1/customers/klant%40bedrijf.nl", headers=headers)
        assert erased.status == 204, erased.body

        async def partitions_are_made() -> bool:
            async with database.transaction() as connection:
                return bool(
                    await connection.fetchval(
                        "SELECT count(*) > 1 FROM pg_inherits WHERE inhparent = 'outbox'::regclass"
                    )
                )

        await eventually(partitions_are_made, within=30, what="the relay has made the coming days' partitions")
    await mailbox.stop()
