"""Postgres: one pool a process, transactions that end in one of our own errors, and wake-ups by LISTEN.

With `migrations` the only module that imports asyncpg. SQLSTATE classes decide who acts next: 22 and 23 mean that the
data itself is refused (never retried); 08, 25, 40, 53, 55, 57, 58 and a lost connection mean that the same transaction
may be run again.
"""

import asyncio
import time
from collections.abc import AsyncIterable, AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from typing import TYPE_CHECKING, Any, Final, TypeAlias
from uuid import UUID

import asyncpg
import stamina
from asyncpg.pool import PoolConnectionProxy

from shared.certificates import blame_setting, refused_certificate
from shared.errors import DatabaseUnavailable, DataError, Misconfigured
from shared.metrics import ACQUIRE_SECONDS, DATABASE_FAILURES, POOL_CONNECTIONS, watch
from shared.places import Places
from shared.telemetry import log
from shared.waits import wait_for

if TYPE_CHECKING:  # generic in the stubs alone
    Connection: TypeAlias = PoolConnectionProxy[asyncpg.Record]
else:
    Connection = PoolConnectionProxy
Row: TypeAlias = asyncpg.Record

MOST_ACQUIRE_SECONDS: Final = 10
COMMAND_SECONDS: Final = 30
CONNECT_SECONDS: Final = 5
RETRY_SECONDS: Final = 1
PING_SECONDS: Final = 10
IDLE_SECONDS: Final = 30.0
"""Above what a transaction waits for between two of its statements: a relay for its confirms."""
_KEEPALIVES: Final = (
    ("tcp_keepalives_idle", "10s"),
    ("tcp_keepalives_interval", "5s"),
    ("tcp_keepalives_count", "3"),
    ("tcp_user_timeout", "25s"),
)

_DATA_CLASSES: Final = ("22", "23")
_RETRIED_CLASSES: Final = ("08", "25", "40", "53", "55", "57", "58")
# InternalClientError: asyncpg gives a connection back whose server was killed in the middle of a command.
_GONE: Final = (
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    asyncpg.exceptions.ProtocolError,
    OSError,
    TimeoutError,
)


def translate(error: Exception, *, connected: bool = True) -> Exception:
    """Return what a driver's error means to the caller; one that is a mistake in our own SQL stays as it is.

    Before there is a connection, an internal error (class XX) is no statement's fault: Postgres's disk is full, say.
    """
    if isinstance(error, asyncpg.PostgresError):
        state = error.sqlstate or ""
        if state[:2] in _DATA_CLASSES:
            return DataError(f"Postgres refuses the data ({state} {type(error).__name__})", state)
        is_retried = state[:2] in _RETRIED_CLASSES or (state.startswith("XX") and not connected)
        if is_retried or isinstance(error, asyncpg.InvalidCachedStatementError):
            return DatabaseUnavailable(f"Postgres could not finish ({state} {type(error).__name__})")
        return error
    if isinstance(error, asyncpg.exceptions.ClientConfigurationError):
        return Misconfigured(f"settings: DATABASE_URL: {error}")
    if isinstance(error, _GONE):
        refused = refused_certificate(error)
        why = type(error).__name__ if refused is None else f"its certificate is refused: {refused}"
        return DatabaseUnavailable(f"Postgres is away ({why})")
    return error


def until_available() -> AsyncIterable[stamina.Attempt]:
    """Try again for as long as Postgres is away, at most every 2 s: `async for attempt in ...: with attempt:`.

    For what is lost by nobody meanwhile, however long it takes: a message that is not acknowledged, a row under lease.
    """
    return stamina.retry_context(on=DatabaseUnavailable, attempts=None, timeout=None, wait_initial=0.05, wait_max=2.0)


def unless_empty(column: Sequence[Any]) -> Sequence[Any]:
    """Return a column for `unnest`, no rows where all of them are null: beside a longer one it is padded with nulls.

    The driver looks at each element, nulls too, at some 0.3 us; half of an order's columns are mostly empty.
    """
    return column if any(value is not None for value in column) else ()


class Database:
    """A pool of connections, opened when Postgres is first reached; a component.

    `role` is taken on for every connection (least privilege); `schema` is the revision that this code needs. A
    transaction in which nothing is asked for `idle_seconds` is ended by Postgres: its owner's host may be gone, and
    nobody else would let go of its locks. With `most_each`, an account that a transaction names has so many connections
    at once, and waits for its own: its flood of long queries leaves the others theirs. `by_key`: every statement finds
    its rows by an index. Postgres plans it while the tables are nearly empty, as reading all of them, and keeps to that
    until the next ANALYZE: in a burst on a fresh installation small transactions took a quarter longer.
    """

    def __init__(
        self,
        url: str,
        *,
        purpose: str,
        most: int = 4,
        role: str | None = None,
        schema: str | None = None,
        idle_seconds: float = IDLE_SECONDS,
        most_each: int | None = None,
        by_key: bool = False,
    ) -> None:
        self._url = url
        self._by_key = by_key
        self._idle_seconds = idle_seconds
        self._purpose = purpose
        self._most = most
        self._role = role
        self._schema = schema
        self._places = None if most_each is None else Places(most_each)
        self._pool: asyncpg.Pool[asyncpg.Record] | None = None
        self._stopping = asyncio.Event()
        self._acquired = ACQUIRE_SECONDS.labels(purpose)
        for cause in ("unavailable", "refused"):  # seen at 0, so that Prometheus sees the first as growth
            DATABASE_FAILURES.labels(purpose, cause)
        watch(POOL_CONNECTIONS, lambda: self._connections(idle=False), purpose, "used")
        watch(POOL_CONNECTIONS, lambda: self._connections(idle=True), purpose, "idle")
        POOL_CONNECTIONS.labels(purpose, "most").set(most)

    @property
    def is_open(self) -> bool:
        """Whether Postgres has been reached: a pool that stands opens its connections again by itself."""
        return self._pool is not None

    def _connections(self, *, idle: bool) -> float:
        if self._pool is None:
            return 0.0
        free = self._pool.get_idle_size()
        return free if idle else self._pool.get_size() - free

    async def run(self) -> None:
        """Open the pool, however long it takes; refuse an older schema; hold the pool until stopped."""
        opening = asyncio.ensure_future(self._open())
        stopping = asyncio.ensure_future(self._stopping.wait())
        try:
            await asyncio.wait((opening, stopping), return_when=asyncio.FIRST_COMPLETED)
            if opening.done():
                opening.result()
            await stopping
        finally:
            opening.cancel()
            stopping.cancel()
            await self.close()

    def stop(self) -> None:
        """Let `run` close the pool; whoever uses it must have finished."""
        self._stopping.set()

    async def _open(self) -> None:
        while True:
            try:
                await self.open()
            except DatabaseUnavailable as error:
                log.warning("database.unreachable", reason=str(error))
                await asyncio.sleep(RETRY_SECONDS)
            else:
                log.info("database.connected", purpose=self._purpose)
                return

    async def open(self) -> None:
        """Open the pool and check the schema, or raise `DatabaseUnavailable` or `Misconfigured`."""
        settings = {
            "application_name": f"bugalou {self._purpose}",
            "timezone": "UTC",
            "idle_in_transaction_session_timeout": f"{self._idle_seconds * 1000:.0f}ms",
            # A host that vanishes closes nothing: by default Postgres would notice after two hours.
            **dict(_KEEPALIVES),
        }
        if self._role is not None:
            settings["role"] = self._role
        if self._by_key:
            # Reading all of a table, where nothing else is possible, counts as so dear that Postgres would compile it.
            settings |= {"enable_seqscan": "off", "jit": "off"}
        pool = asyncpg.create_pool(
            self._url,
            min_size=1,
            max_size=self._most,
            timeout=CONNECT_SECONDS,
            command_timeout=COMMAND_SECONDS,
            server_settings=settings,
        )
        try:
            await pool
            if self._schema is not None:
                await self._check_schema(pool, self._schema)
        except (asyncpg.InvalidPasswordError, asyncpg.InvalidAuthorizationSpecificationError) as error:
            raise Misconfigured(f"settings: DATABASE_URL: Postgres refuses the sign-in ({error.sqlstate})") from error
        except Exception as error:  # of any kind: translate tells what it means, and a pool half open is closed
            pool.terminate()
            blame_setting(error, "DATABASE_URL", "Postgres", "?sslrootcert=FILE")
            raise translate(error, connected=False) from error
        self._pool = pool

    async def close(self) -> None:
        """Close the pool, by force where a connection does not come back in time."""
        pool, self._pool = self._pool, None
        if pool is None:
            return
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                await pool.close()
        except (TimeoutError, *_GONE):
            pool.terminate()

    async def _check_schema(self, pool: "asyncpg.Pool[asyncpg.Record]", wanted: str) -> None:
        try:
            found = await pool.fetchval("SELECT version_num FROM alembic_version")
        except asyncpg.UndefinedTableError:
            found = None
        if found is None or found < wanted:
            raise Misconfigured(
                f"the database's schema is {found or 'empty'}, needed is {wanted}: run `bugalou migrate`"
            )

    @asynccontextmanager
    async def transaction(self, *, readonly: bool = False, account: UUID | None = None) -> AsyncIterator[Connection]:
        """Give a connection inside a transaction that commits when the block ends; errors come out translated.

        `account` is whose connection it is, where each has its share of them.
        """
        pool = self._pool
        if pool is None:
            raise DatabaseUnavailable("Postgres has not been reached yet")
        begun = time.perf_counter()
        connection: Connection | None = None
        try:
            async with self._place(account), pool.acquire(timeout=MOST_ACQUIRE_SECONDS) as connection:
                self._acquired.observe(time.perf_counter() - begun)
                async with connection.transaction(readonly=readonly):
                    yield connection
        except Exception as error:  # the driver's and the block's own: translate returns the latter as they are
            meant = translate(error, connected=connection is not None)
            if isinstance(meant, DatabaseUnavailable | DataError):
                cause = "unavailable" if isinstance(meant, DatabaseUnavailable) else "refused"
                DATABASE_FAILURES.labels(self._purpose, cause).inc()
            if meant is error:
                raise
            raise meant from error

    def _place(self, account: UUID | None) -> AbstractAsyncContextManager[None]:
        if self._places is None or account is None:
            return nullcontext()
        return self._places.take(account, MOST_ACQUIRE_SECONDS)


class Listener:
    """Wakes whoever waits when Postgres notifies a channel, and every few seconds besides; a component.

    LISTEN dies silently with its connection: this one is its own, is pinged, and each reconnection wakes too, since
    notifications may have been missed.
    """

    def __init__(self, url: str, channels: Sequence[str], wake: Callable[[], None]) -> None:
        self._url = url
        self._channels = channels
        self._wake = wake
        self._stopping = asyncio.Event()

    async def run(self) -> None:
        """Listen until stopped."""
        while not self._stopping.is_set():
            try:
                await self._listen()
            except Exception as error:  # as above: what is no outage is raised again
                meant = translate(error, connected=False)
                if not isinstance(meant, DatabaseUnavailable):
                    raise meant from error
                log.warning("listener.lost", reason=str(meant))
                await wait_for(self._stopping, RETRY_SECONDS)

    def stop(self) -> None:
        """Listen no more."""
        self._stopping.set()

    async def _listen(self) -> None:
        connection = await asyncpg.connect(self._url, timeout=CONNECT_SECONDS, command_timeout=CONNECT_SECONDS)
        try:
            for channel in self._channels:
                await connection.add_listener(channel, self._on_notification)
            while not self._stopping.is_set():
                self._wake()
                await wait_for(self._stopping, PING_SECONDS)
                await connection.execute("SELECT 1")
        finally:
            connection.terminate()

    def _on_notification(self, *_: Any) -> None:
        self._wake()
