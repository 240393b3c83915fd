"""What the doctor asks of Postgres: its version, schema, durability, clock and room, and what waits in its tables."""

import os
import time
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Final

from services.cli.doctor.finding import Finding, judged
from shared.database import Connection, Database
from shared.errors import BugalouError
from shared.schema import HEAD
from shared.secrets import Secrets, is_key, split_keys

OLDEST: Final = 15
NEWEST: Final = 18
_MOST_CLOCK_SECONDS: Final = 2.0
_OUTBOX_SECONDS: Final = 60.0
_NOTIFICATION_SECONDS: Final = 300.0
_FEW_BYTES: Final = 2 * 1024**3
_FULL_CONNECTIONS: Final = 0.8
_OLD_TRANSACTIONS: Final = 1_500_000_000

_SERVER: Final = """
SELECT current_setting('server_version') AS version, current_setting('server_version_num')::int / 10000 AS major,
    current_setting('fsync') AS fsync, current_setting('synchronous_commit') AS synchronous_commit,
    current_setting('full_page_writes') AS full_page_writes, extract(epoch FROM clock_timestamp())::float8 AS now,
    (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend') AS connections,
    current_setting('max_connections')::int AS most_connections,
    (SELECT age(datfrozenxid) FROM pg_database WHERE datname = current_database()) AS transactions,
    pg_database_size(current_database()) AS bytes,
    CASE WHEN pg_has_role(current_user, 'pg_read_all_settings', 'USAGE')
        THEN current_setting('data_directory') END AS data_directory
"""
_LOCKED: Final = """
SELECT count(*) AS waiting, extract(epoch FROM max(clock_timestamp() - query_start))::float8 AS seconds,
    array_agg(DISTINCT blocker ORDER BY blocker) AS blockers
FROM pg_stat_activity, unnest(pg_blocking_pids(pid)) AS blocker
WHERE datname = current_database() AND wait_event_type = 'Lock'
    AND clock_timestamp() - query_start > interval '3 seconds' AND cardinality(pg_blocking_pids(blocker)) = 0
"""
_WAITING: Final = """
SELECT
    extract(epoch FROM now() - least(
        (SELECT min(created_at) FROM outbox WHERE sent_at IS NULL),
        (SELECT min(event_created_at) FROM unconfirmed_events)))::float8 AS outbox_seconds,
    (SELECT extract(epoch FROM now() - min(due_at))::float8 FROM notifications
        WHERE state IN ('planned', 'held', 'sending') AND due_at < now()) AS notification_seconds,
    (SELECT max(settled_at) FROM submissions WHERE settled_at > now() - interval '1 hour') AS settled_at,
    to_regclass('outbox_' || to_char((now() AT TIME ZONE 'UTC')::date + 1, 'YYYYMMDD')) IS NOT NULL AS has_tomorrow
"""
_FAILURES: Final = """
SELECT place, cause, count(*) AS count FROM failures
WHERE replayed_at IS NULL AND discarded_at IS NULL GROUP BY place, cause ORDER BY count(*) DESC LIMIT 5
"""
_UNGUARDED: Final = """
SELECT string_agg(c.relname, ', ' ORDER BY c.relname) FROM pg_class AS c
WHERE c.relkind IN ('r', 'p') AND NOT c.relrowsecurity AND c.relnamespace = 'public'::regnamespace
    AND EXISTS (SELECT FROM pg_attribute AS a WHERE a.attrelid = c.oid AND a.attname = 'account_id')
    AND has_table_privilege('bugalou_console', c.oid, 'SELECT')
"""
_SEALED: Final = """
SELECT table_name, column_name FROM information_schema.columns
WHERE table_schema = 'public' AND domain_name = 'sealed' ORDER BY 1, 2
"""


async def examine_postgres(database: Database, secret_keys: str | None) -> AsyncIterator[Finding]:
    """Yield what is found; the database is open, whatever its schema."""
    async with database.transaction(readonly=True) as connection:
        asked = time.time()
        row = await connection.fetchrow(_SERVER)
        answered = time.time()
        if row is None:
            raise RuntimeError("a SELECT without FROM returned no row")
        major = row["major"]
        yield judged(
            "postgres version",
            f"PostgreSQL {row['version']}",
            failed="" if major >= OLDEST else f"PostgreSQL {OLDEST} is the oldest that works: upgrade",
            warning="" if major <= NEWEST else f"PostgreSQL {NEWEST} is the newest that was tried",
        )
        yield _durability(row["fsync"], row["synchronous_commit"], row["full_page_writes"])
        offset = row["now"] - (asked + answered) / 2
        yield judged(
            "clocks",
            f"Postgres's clock is {offset:+.3f} s from this machine's",
            warning=""
            if abs(offset) <= _MOST_CLOCK_SECONDS
            else "Let NTP set the clocks. Versions follow Postgres's clock, which every gateway measures.",
        )
        used = row["connections"] / row["most_connections"]
        yield judged(
            "postgres connections",
            f"{row['connections']} of {row['most_connections']} connections are in use",
            warning="" if used < _FULL_CONNECTIONS else "Raise max_connections, or run fewer processes.",
        )
        yield judged(
            "postgres transactions",
            f"the oldest unfrozen transaction is {row['transactions']:,} ago",
            warning="" if row["transactions"] < _OLD_TRANSACTIONS else "Autovacuum does not keep up: VACUUM FREEZE.",
        )
        yield await _locks(connection)
        yield _disk(row["data_directory"], row["bytes"])
        schema = await _schema(connection)
        yield schema
        if schema.state != "ok":
            return
        async for finding in _contents(connection, secret_keys):
            yield finding


async def _contents(connection: Connection, secret_keys: str | None) -> AsyncIterator[Finding]:
    unguarded = await connection.fetchval(_UNGUARDED)
    yield judged(
        "row-level security",
        f"without it: {unguarded}" if unguarded else "on for every table that the console reads",
        failed="Tenants could see each other's rows: run `bugalou migrate`, and see who switched it off."
        if unguarded
        else "",
    )
    row = await connection.fetchrow(_WAITING)
    if row is None:
        raise RuntimeError("a SELECT without FROM returned no row")
    yield _lag("outbox", "event", row["outbox_seconds"], _OUTBOX_SECONDS, "relay")
    yield _lag("notifications", "notification", row["notification_seconds"], _NOTIFICATION_SECONDS, "notifier")
    settled_at: datetime | None = row["settled_at"]
    yield Finding(
        "submissions",
        "ok",
        f"the newest was settled at {settled_at:%H:%M:%S} UTC" if settled_at else "none was settled in the last hour",
    )
    yield judged(
        "outbox partitions",
        "tomorrow's exists" if row["has_tomorrow"] else "there is none for tomorrow",
        warning="" if row["has_tomorrow"] else "Start a relay: it makes them. Until then one partition takes all.",
    )
    failures = [f"{found['count']} {found['place']} {found['cause']}" for found in await connection.fetch(_FAILURES)]
    yield judged(
        "failures",
        "; ".join(failures) or "none is open",
        warning="`bugalou failures list`; mend, replay or discard them." if failures else "",
    )
    yield await _secrets(connection, secret_keys)


async def _schema(connection: Connection) -> Finding:
    found = None
    if await connection.fetchval("SELECT to_regclass('alembic_version') IS NOT NULL"):
        found = await connection.fetchval("SELECT version_num FROM alembic_version")
    return judged(
        "schema",
        f"{found or 'empty'}; this version needs {HEAD}",
        failed="" if found is not None and found >= HEAD else "Run `bugalou migrate`.",
    )


async def _secrets(connection: Connection, setting: str | None) -> Finding:
    keys = split_keys(setting or "")
    if not all(map(is_key, keys)):
        return Finding("secret keys", "failed", "one of them is no key", "`bugalou secrets generate` makes one.")
    opened = 0
    for table, column in await connection.fetch(_SEALED):
        async for row in connection.cursor(f'SELECT "{column}" FROM "{table}" WHERE "{column}" IS NOT NULL'):
            try:
                Secrets(keys).open(row[0])
            except BugalouError as error:
                return Finding("secret keys", "failed", str(error), f"Add the key that sealed {table}.{column}.")
            opened += 1
    says = f"all {opened} stored secrets can be opened" if opened else "no secret is stored"
    return judged("secret keys", says, warning="" if keys else "`bugalou secrets generate`, before the first webhook.")


async def _locks(connection: Connection) -> Finding:
    row = await connection.fetchrow(_LOCKED)
    if row is None or not row["waiting"]:
        return Finding("postgres locks", "ok", "nobody waits for one")
    blockers = ", ".join(map(str, row["blockers"]))
    return Finding(
        "postgres locks",
        "warning",
        f"{row['waiting']} wait for what {blockers} hold, for up to {row['seconds']:.0f} s",
        f"See it: SELECT * FROM pg_stat_activity WHERE pid IN ({blockers}); SELECT pg_terminate_backend(pid) ends one.",
    )


def _durability(fsync: str, synchronous_commit: str, full_page_writes: str) -> Finding:
    off = [
        name
        for name, value in (
            ("fsync", fsync),
            ("synchronous_commit", synchronous_commit),
            ("full_page_writes", full_page_writes),
        )
        if value == "off"
    ]
    return judged(
        "durability",
        f"{' and '.join(off)} off" if off else "fsync, synchronous_commit and full_page_writes are on",
        failed="A crash of Postgres loses what was acknowledged: switch them on." if off else "",
    )


def _lag(check: str, what: str, seconds: float | None, most: float, service: str) -> Finding:
    return judged(
        check,
        f"the oldest {what} has waited {seconds:.1f} s" if seconds else f"no {what} waits",
        failed="" if (seconds or 0) <= most else f"Is a {service} running, and what does its log say?",
    )


def _disk(folder: str | None, database_bytes: int) -> Finding:
    size = f"the database has {database_bytes / 1024**2:,.0f} MiB"
    if folder is None or not os.path.isdir(folder):
        return Finding("disk", "unknown", f"{size}; its disk is on another machine", "Look at it there.")
    room = os.statvfs(folder)
    free = room.f_bavail * room.f_frsize
    return judged(
        "disk",
        f"{size}; {free / 1024**3:,.1f} GiB are free under {folder}",
        failed="" if free > _FEW_BYTES else "Make room: Postgres stops when its disk is full.",
    )
