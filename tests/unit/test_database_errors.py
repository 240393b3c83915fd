"""What Postgres's errors mean: who acts next."""

import asyncpg
import pytest

from shared.database import translate
from shared.errors import DatabaseUnavailable, DataError


@pytest.mark.parametrize(
    "error",
    [
        asyncpg.exceptions.DiskFullError("no space left on device"),
        asyncpg.exceptions.AdminShutdownError("terminating connection"),
        asyncpg.exceptions.DeadlockDetectedError("deadlock detected"),
        ConnectionResetError(),
        TimeoutError(),
    ],
)
def test_what_passes_is_waited_for(error: Exception) -> None:
    assert isinstance(translate(error), DatabaseUnavailable)


def test_what_is_refused_is_no_reason_to_try_again() -> None:
    assert isinstance(translate(asyncpg.exceptions.NumericValueOutOfRangeError("too large")), DataError)


def test_an_internal_error_is_waited_for_while_connecting_and_else_ends_whoever_asked() -> None:
    full = asyncpg.exceptions.InternalServerError("could not write init file")
    assert isinstance(translate(full, connected=False), DatabaseUnavailable)
    assert translate(full) is full


def test_a_mistake_in_our_own_sql_stays_one() -> None:
    mistake = asyncpg.exceptions.UndefinedColumnError("no such column")
    assert translate(mistake) is mistake
    assert translate(mistake, connected=False) is mistake
