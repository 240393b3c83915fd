"""`bugalou doctor`: a healthy system has nothing to mend, and each thing that is wrong is named with what to do."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import redirect_stdout
from io import StringIO
from typing import Any

import msgspec
import pytest
from aio_pika.abc import AbstractChannel
from uuid_utils.compat import uuid7

from services.cli import app
from services.notifier import app as notifier
from services.notifier import settings as notifier_settings
from services.worker.failures import Failures
from shared.database import Database
from shared.secrets import Secrets, generate_key
from shared.topology import Names, dead_letters_of, declare
from tests.isolation import execute
from tests.live import running_live
from tests.notifier_world import Mailbox
from tests.polling import eventually
from tests.queues import channel_to
from tests.running import running
from tests.settings import settings_of
from tests.tenant import Tenant

Look = Callable[..., Awaitable[dict[str, dict[str, str]]]]


@pytest.fixture
def doctor(database_url: str, amqp_url: str, amqp_prefix: str) -> Look:
    async def look(code: int = 1, **settings: str) -> dict[str, dict[str, str]]:
        """Return what the doctor finds, by check."""
        variables = {"DATABASE_URL": database_url, "AMQP_URL": amqp_url, "AMQP_PREFIX": amqp_prefix, "URL": ""}
        output = StringIO()
        with pytest.MonkeyPatch.context() as environment, redirect_stdout(output):
            for name, value in {**variables, **settings}.items():
                environment.setenv(f"BUGALOU_{name}", value)
            with pytest.raises(SystemExit) as end:
                await asyncio.to_thread(app, ["doctor", "--json"])
        assert (end.value.code or 0) == code, output.getvalue()
        line = next(line for line in output.getvalue().splitlines() if line.startswith("[{"))
        return {finding["check"]: {"do": "", **finding} for finding in msgspec.json.decode(line)}

    return look


@pytest.fixture
async def channel(amqp_url: str, amqp_prefix: str) -> AsyncIterator[AbstractChannel]:
    async with channel_to(amqp_url) as opened:
        await declare(opened, Names(amqp_prefix))
        yield opened


def bad(findings: dict[str, dict[str, str]]) -> set[str]:
    return {check for check, finding in findings.items() if finding["state"] in ("warning", "failed")}


async def test_healthy_system_has_nothing_to_mend(
    doctor: Look, account: Tenant, database_url: str, amqp_url: str, amqp_prefix: str
) -> None:
    servers = {"database_url": database_url, "amqp_url": amqp_url, "amqp_prefix": amqp_prefix}
    async with (
        running_live(account.live.key, **servers) as client,
        running(notifier.graph(settings_of(notifier_settings.fill, **servers))),
    ):
        found: dict[str, Any] = {}

        async def only_the_tests_own_haste_is_wrong() -> bool:
            found.clear()
            found.update(await doctor(code=1, URL=str(client.url), SECRET_KEYS=generate_key()))
            # The tests' own Postgres gives up durability for speed, and that is seen.
            return bad(found) == {"durability"}

        await eventually(only_the_tests_own_haste_is_wrong, what="nothing else is wrong")
    assert {"python", "postgres version", "schema", "clocks", "disk", "outbox", "services"} <= set(found)
    assert all(finding["do"] for finding in found.values() if finding["state"] != "ok")


async def test_what_waits_in_postgres_is_found(doctor: Look, database: Database, channel: AbstractChannel) -> None:
    assert channel
    await Failures(database).add(cause="22P02", reason="r", body=b"x")
    async with database.transaction() as connection:
        await connection.execute(
            "INSERT INTO outbox (id, account_id, livemode, type, body, created_at)"
            " VALUES ($1, $1, true, 'payment.paid', '', now() - interval '2 minutes')",
            uuid7(),
        )
        await connection.execute(
            "INSERT INTO notifications (id, account_id, livemode, order_id, kind, event_type, run_id, channel, state,"
            " due_at) VALUES ($1, $1, true, $1, 'reminder', 'payment.overdue', $1, 'email', 'planned',"
            " now() - interval '1 hour')",
            uuid7(),
        )
    found = await doctor()
    assert {"outbox", "notifications"} <= {check for check, one in found.items() if one["state"] == "failed"}
    assert (found["failures"]["state"], found["failures"]["says"]) == ("warning", "1 worker 22P02")
    assert "bugalou failures list" in found["failures"]["do"]
    assert found["outbox partitions"]["state"] == "warning"


async def test_lock_that_others_wait_for_is_found_with_who_holds_it(
    doctor: Look, database: Database, database_url: str, channel: AbstractChannel
) -> None:
    assert channel
    assert (await doctor())["postgres locks"]["state"] == "ok"
    async with database.transaction() as holder:
        pid = await holder.fetchval("SELECT pg_backend_pid()")
        await holder.execute("LOCK TABLE orders")
        waiting = asyncio.create_task(execute(database_url, "SELECT count(*) FROM orders"))

        async def seen() -> dict[str, str] | None:
            found = (await doctor())["postgres locks"]
            return found if found["state"] == "warning" else None

        found = await eventually(seen, within=30, what="the lock is seen")
    await waiting
    assert found
    assert f"1 wait for what {pid} hold" in found["says"]
    assert "pg_terminate_backend" in found["do"]


async def test_mail_server_that_does_not_let_the_notifier_in_is_found(doctor: Look, channel: AbstractChannel) -> None:
    assert channel
    mailbox = Mailbox()
    await mailbox.start()
    try:
        own = {"SMTP_HOST": "127.0.0.1", "SMTP_PORT": str(mailbox.port)}
        assert (await doctor(**own))["mail server"]["state"] == "ok"
        found = (await doctor(**own, SMTP_USERNAME="bugalou", SMTP_PASSWORD="wrong"))["mail server"]
        assert found["state"] == "failed"
        assert "AUTH" in found["says"], "this server takes no passwords"
        assert "wrong" not in found["says"]
    finally:
        await mailbox.stop()


async def test_older_schema_and_missing_isolation_are_found(doctor: Look, database_url: str) -> None:
    await execute(database_url, "ALTER TABLE orders DISABLE ROW LEVEL SECURITY")
    found = await doctor()
    assert (found["row-level security"]["state"], found["row-level security"]["says"]) == (
        "failed",
        "without it: orders",
    )
    await execute(database_url, "UPDATE alembic_version SET version_num = '0001'")
    assert "bugalou migrate" in (await doctor())["schema"]["do"]
    await execute(database_url, "DROP TABLE alembic_version")
    assert (await doctor())["schema"]["says"].startswith("empty")


async def test_queue_that_is_missing_or_other_than_it_should_be_is_found(
    doctor: Look, channel: AbstractChannel, amqp_prefix: str
) -> None:
    names = Names(amqp_prefix)
    found = await doctor()
    assert found[f"queue {names.submissions}"]["says"] == "0 wait, 0 consume"
    assert "worker" in found[f"queue {names.submissions}"]["do"]
    assert "notifier" in found[f"queue {names.notifications}"]["do"]
    await channel.queue_delete(names.notifications)
    await channel.queue_delete(dead_letters_of(names.notifications))
    await channel.declare_queue(names.notifications, durable=True, arguments={"x-queue-type": "quorum"})
    found = await doctor()
    assert "other arguments" in found[f"queue {names.notifications}"]["says"]
    assert found[f"queue {dead_letters_of(names.notifications)}"]["says"] == "it does not exist"
    assert found["publishing"]["state"] == "ok"


async def test_servers_that_are_away_are_found(doctor: Look) -> None:
    nowhere = "127.0.0.1:1"
    found = await doctor(
        DATABASE_URL=f"postgresql://bugalou@{nowhere}/bugalou",
        AMQP_URL=f"amqp://{nowhere}/",
        URL=f"http://{nowhere}",
        SMTP_HOST="127.0.0.1",
        SMTP_PORT="1",
    )
    assert bad(found) == {"postgres", "rabbitmq", "services", "mail server"}


async def test_secret_that_no_key_opens_is_found(
    doctor: Look, database: Database, account: Tenant, channel: AbstractChannel
) -> None:
    assert channel
    key = generate_key()
    async with database.transaction() as connection:
        await connection.execute("CREATE TABLE kept (secret sealed)")
        await connection.execute("INSERT INTO kept VALUES ($1)", Secrets([key]).seal("s"))
    assert account
    for keys, state in ((key, "ok"), (generate_key(), "failed"), ("nonsense", "failed"), ("", "failed")):
        assert (await doctor(SECRET_KEYS=keys))["secret keys"]["state"] == state
