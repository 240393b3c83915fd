"""The API keys and rate limits in memory, and the database's clock: looked at every second, good for hours without.

One small query a second tells whether any key has changed and what time Postgres has. So a revocation is known
everywhere within two seconds, no notification can be missed, and while Postgres is away the keys already known keep
working.
"""

import asyncio
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Final
from uuid import UUID

from msgspec import ValidationError
from msgspec.json import decode

from shared.database import Database, Row
from shared.errors import DatabaseUnavailable
from shared.keys import ApiKey, digest_of, is_well_formed
from shared.metrics import KEYRING_AGE, KEYRING_KEYS, watch
from shared.rate_limits import RateLimit, RateLimits
from shared.telemetry import log
from shared.waits import wait_for

REFRESH_SECONDS: Final = 0.75
FIRST_LOOK_SECONDS: Final = 0.05
QUERY_SECONDS: Final = 5.0

_LOOK: Final = "SELECT revision, (extract(epoch FROM clock_timestamp()) * 1000000)::bigint AS now FROM access_revision"
_LOAD: Final = """
SELECT digest, id, account_id, livemode, name, scopes, platforms,
    (extract(epoch FROM expires_at) * 1000000)::bigint AS expires_at,
    (extract(epoch FROM revoked_at) * 1000000)::bigint AS revoked_at
FROM api_keys
"""
_LIMITS: Final = """
SELECT account_id, document->'rateLimit' AS "limit" FROM settings WHERE jsonb_typeof(document->'rateLimit') = 'object'
"""

OnTime = Callable[[float, float, int], None]
"""Told each measure of Postgres's clock: monotonic seconds before and after asking, and its time in microseconds."""


class Keyring:
    """Every API key by its digest, and every account's rate limit; a component."""

    def __init__(self, database: Database) -> None:
        self.rate_limits = RateLimits()
        self._database = database
        self._watchers: list[OnTime] = []
        self._keys: dict[bytes, ApiKey] = {}
        self._revision: int | None = None
        self._looked_at: float | None = None
        self._looked_at_time = 0
        self._stopping = asyncio.Event()
        watch(KEYRING_AGE, lambda: self.age_seconds)

    @property
    def is_loaded(self) -> bool:
        """Whether the keys have been loaded once."""
        return self._revision is not None

    @property
    def age_seconds(self) -> float | None:
        """How long ago the keys were last known to be current."""
        return None if self._looked_at is None else time.monotonic() - self._looked_at

    def now(self) -> int:
        """Return Postgres's time in microseconds since 1970, carried on by this machine's monotonic clock.

        By it keys expire at the same moment everywhere, also on a host whose own clock is wrong.
        """
        if self._looked_at is None:
            raise DatabaseUnavailable("Postgres's clock has not been seen yet")
        return self._looked_at_time + int((time.monotonic() - self._looked_at) * 1_000_000)

    def watch_time(self, watcher: OnTime) -> None:
        """Tell `watcher` each measure of Postgres's clock."""
        self._watchers.append(watcher)

    def find(self, key: str) -> ApiKey | None:
        """Return a known key by its text; its form is checked first, so a typo costs no look-up."""
        return self._keys.get(digest_of(key)) if is_well_formed(key) else None

    async def run(self) -> None:
        """Keep the keys current until stopped."""
        while not self._stopping.is_set():
            try:
                async with asyncio.timeout(QUERY_SECONDS):
                    await self._look()
            except (DatabaseUnavailable, TimeoutError) as error:
                if self.is_loaded:
                    log.warning("keyring.stale", reason=str(error), age_seconds=self.age_seconds)
            await wait_for(self._stopping, REFRESH_SECONDS if self.is_loaded else FIRST_LOOK_SECONDS)

    def stop(self) -> None:
        """Refresh no more."""
        self._stopping.set()

    async def _look(self) -> None:
        async with self._database.transaction(readonly=True) as connection:
            sent = time.monotonic()
            row = await connection.fetchrow(_LOOK)
            received = time.monotonic()
            if row is None:
                raise DatabaseUnavailable("the table access_revision is empty")
            # Before the keys: whoever finds them loaded also asks for the time.
            self._looked_at, self._looked_at_time = received, row["now"]
            for watcher in self._watchers:
                watcher(sent, received, row["now"])
            if row["revision"] != self._revision:
                self._keys = {record["digest"]: _key(record) for record in await connection.fetch(_LOAD)}
                self.rate_limits.set(dict(_limits(await connection.fetch(_LIMITS))))
                self._revision = row["revision"]
                KEYRING_KEYS.set(len(self._keys))
                log.info("keyring.loaded", keys=len(self._keys))


def _limits(records: Sequence[Row]) -> Iterator[tuple[UUID, RateLimit]]:
    """Yield the limits by account; one that is not as agreed counts as none, so that no account stops all others."""
    for record in records:
        try:
            yield record["account_id"], decode(record["limit"], type=RateLimit)
        except ValidationError:
            log.error("keyring.limit_unreadable", account=str(record["account_id"]))


def _key(record: Row) -> ApiKey:
    platforms = record["platforms"]
    return ApiKey(
        record["id"],
        record["account_id"],
        record["livemode"],
        record["name"],
        frozenset(record["scopes"]),
        None if platforms is None else frozenset(platforms),
        record["expires_at"],
        record["revoked_at"],
    )
