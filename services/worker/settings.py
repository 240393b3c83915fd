"""What the worker can be told."""

from environs import FileAwareEnv, validate
from msgspec import Struct

from services.worker.history import MOST_ENTRIES
from shared.settings import Common, common, prefetch, publish_seconds


class Settings(Struct, frozen=True, kw_only=True):
    """`batch_rows` bounds one transaction, `prefetch_messages` what a worker holds unacknowledged.

    `transactions` is how many batches are under way at once, `history_submissions` how long an order's history may be
    for a submission that is not its newest.
    """

    common: Common
    batch_rows: int
    transactions: int
    prefetch_messages: int
    history_submissions: int
    publish_seconds: float


def fill(env: FileAwareEnv) -> Settings:
    """Read the worker's settings."""
    return Settings(
        common=common(env),
        batch_rows=env.int("WORKER_BATCH_ROWS", 500, validate=validate.Range(1, 10_000)),
        transactions=env.int("WORKER_TRANSACTIONS", 2, validate=validate.Range(1, 50)),
        prefetch_messages=prefetch(env, "WORKER_PREFETCH_MESSAGES", 64),
        history_submissions=env.int("WORKER_HISTORY_SUBMISSIONS", MOST_ENTRIES, validate=validate.Range(1, 1_000_000)),
        publish_seconds=publish_seconds(env),
    )
