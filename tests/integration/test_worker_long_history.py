"""An order with more history than a worker can fold: it stops neither the workers nor its neighbours."""

from collections.abc import Sequence

from services.worker.failures import Failures
from services.worker.handler import Handler
from services.worker.store import Store
from shared.contracts import Submission
from shared.database import Database
from tests.submissions import submission

MOST = 4

_LARGE = """
INSERT INTO submissions (id, order_id, account_id, livemode, platform, order_number, version, state, sets, clears,
    fingerprint, keyed, marks, api_key_id, received_at, settled_at)
SELECT gen_random_uuid(), order_id, account_id, livemode, platform, order_number, version - n, 'applied',
    jsonb_build_object('customerName', repeat('x', 260000)), clears, decode(md5(n::text), 'hex'), keyed, 0, api_key_id,
    received_at, settled_at
FROM submissions, generate_series(1, 520) AS n WHERE order_id = $1
"""


def _sent(number: str, count: int) -> list[Submission]:
    return [submission(number, minutes=20 * index, total=f"{index}.00") for index in range(1, count + 1)]


async def _state_of(database: Database, late: Submission) -> tuple[str | None, str | None]:
    """Return the state of a submission in the history, and the cause for which it was set aside."""
    async with database.transaction() as connection:
        return (
            await connection.fetchval("SELECT state FROM submissions WHERE id = $1", late.id),
            await connection.fetchval("SELECT cause FROM failures WHERE submission_id = $1", late.id),
        )


async def _settle(database: Database, batch: Sequence[Submission]) -> None:
    await Handler(Store(database, most_history=MOST), Failures(database)).settle(batch)


async def test_late_submission_of_an_endless_order_is_set_aside_and_its_neighbours_are_stored(
    database: Database,
) -> None:
    await _settle(database, _sent("ENDLESS", MOST + 1))
    await _settle(database, _sent("USUAL", MOST))
    late, usual = submission("ENDLESS", minutes=1, total="7.00"), submission("USUAL", minutes=1, total="7.00")
    newest = submission("ENDLESS", minutes=1_000, total="8.00")

    await _settle(database, [late, usual])
    await _settle(database, [newest])

    assert await _state_of(database, late) == (None, "history_too_long")
    assert await _state_of(database, usual) == ("stale", None)
    assert await _state_of(database, newest) == ("applied", None)


async def test_history_that_fills_the_memory_is_not_read_to_its_end(database: Database) -> None:
    first = submission("LARGE", minutes=1, total="1.00")
    await _settle(database, [first])
    async with database.transaction() as connection:
        await connection.execute(_LARGE, first.order_id)
    late = submission("LARGE", total="2.00")

    await Handler(Store(database), Failures(database)).settle([late])

    assert await _state_of(database, late) == (None, "history_too_long")
