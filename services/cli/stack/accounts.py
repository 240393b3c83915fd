"""The account that the stack makes for its user, with a live and a test key."""

from collections.abc import Callable
from pathlib import Path

import msgspec
from msgspec import Struct

from services.cli.stack.files import write_whole


class AccountKeys(Struct, rename="camel"):
    """What `bugalou accounts create --json` prints; the keys are shown that one time. Never log it."""

    account: str
    key: str
    test_key: str


class Accounts:
    """The accounts made so far, one for each database that the stack has been pointed at."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def of(self, place: str, create: Callable[[], bytes], *, fresh: bool) -> AccountKeys:
        """Return the database's account; `create` is asked for one where none is known, or it is fresh."""
        known = self._load()
        if fresh or place not in known:
            known[place] = msgspec.json.decode(create(), type=AccountKeys)
            write_whole(self._path, msgspec.json.format(msgspec.json.encode(known)), durable=True)
        return known[place]

    def _load(self) -> dict[str, AccountKeys]:
        try:
            return msgspec.json.decode(self._path.read_bytes(), type=dict[str, AccountKeys])
        except FileNotFoundError:
            return {}
