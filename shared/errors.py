"""The one tree of errors; each class says who does what next.

    BugalouError
    ├── InvalidInput           the caller mends the request (422); nothing was stored
    │   └── MalformedJson      ... which is no JSON at all (400)
    ├── Unavailable            nobody is at fault: try again later (503, or wait and retry)
    │   ├── BrokerUnavailable
    │   │   └── NotTaken       ... which is there, and did not take this message: another may fare better
    │   ├── DatabaseUnavailable
    │   └── SecretsUnavailable
    ├── DataError              no retry will mend this datum: set it aside in `failures`
    │   └── HistoryTooLong     ... since its order has more history than a worker can fold
    └── Misconfigured          the operator mends the settings; the process does not start

Adapters (`shared.broker`, `shared.database`, the channels) translate a driver's errors into these once; each edge
(HTTP answer, acknowledgement, delivery attempt) maps them to an outcome in one function.
"""

from typing import Final

import msgspec

UNREADABLE: Final = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
"""What msgspec raises for bytes that are not what was expected; two of the three it does not name."""


class Fault(msgspec.Struct, frozen=True):
    """One thing that is wrong (or odd) in a body: where it stands (RFC 6901 JSON pointer), and how to mend it."""

    pointer: str
    message: str


class BugalouError(Exception):
    """The root of all errors that this system raises on purpose."""


class InvalidInput(BugalouError):
    """The input cannot be taken as it is; `faults` lists everything that is wrong with it."""

    def __init__(self, message: str, faults: tuple[Fault, ...] = ()) -> None:
        super().__init__(message)
        self.message = message
        self.faults = faults


class MalformedJson(InvalidInput):
    """The body is no JSON document at all (HTTP 400), so no single field can be named."""


class Unavailable(BugalouError):
    """A server that this process needs is away, or nothing more fits; `retry_after_seconds` says when to come back."""

    def __init__(self, message: str, retry_after_seconds: int = 1) -> None:
        super().__init__(message)
        self.retry_after_seconds = retry_after_seconds


class BrokerUnavailable(Unavailable):
    """RabbitMQ is away, blocked, or did not confirm in time."""


class NotTaken(BrokerUnavailable):
    """RabbitMQ is there, and refused, returned or did not confirm this message: some queue may hold it, or none."""


class DatabaseUnavailable(Unavailable):
    """Postgres is away, shutting down, out of connections or rolled the transaction back; run it again."""


class SecretsUnavailable(Unavailable):
    """This process has no key, or not the right one, for a secret at rest: the operator mends BUGALOU_SECRET_KEYS."""


class DataError(BugalouError):
    """Postgres refused the data itself (SQLSTATE classes 22 and 23); retrying cannot help."""

    def __init__(self, message: str, sqlstate: str) -> None:
        super().__init__(message)
        self.sqlstate = sqlstate


class HistoryTooLong(DataError):
    """An order has more history than a worker may read at once, and a submission that is not the newest needs it."""

    def __init__(self, message: str) -> None:
        super().__init__(message, "history_too_long")


class Misconfigured(BugalouError):
    """A setting, the schema or the environment is wrong; the message says what to change."""
