"""Who may come in: the keyring of a process, shared by all HTTP services in it."""

from collections.abc import Sequence
from typing import Final

from aiohttp import web

from shared.database import Database
from shared.http.health import add_checks
from shared.keyring import Keyring
from shared.lifecycle import Component
from shared.schema import HEAD

STALE_SECONDS: Final = 5.0


class Access:
    """A keyring with the connection that keeps it current."""

    def __init__(self, database_url: str) -> None:
        self._database = Database(database_url, purpose="keys", most=1, schema=HEAD)
        self.keyring = Keyring(self._database)

    @property
    def components(self) -> Sequence[Component]:
        """What is to run, in the order in which it is to stop."""
        return (self.keyring, self._database)

    def add_checks(self, application: web.Application) -> None:
        """Add to /readyz whether the keys are loaded, and whether Postgres answers."""
        checks = {
            "keys": lambda: "ok" if self.keyring.is_loaded else "the API keys are not loaded yet",
            "postgres": self._postgres,
        }
        add_checks(application, checks)

    def _postgres(self) -> str:
        age = self.keyring.age_seconds
        return "ok" if age is not None and age < STALE_SECONDS else "degraded: Postgres is away, known keys still work"
