"""What is struck out of the logs, and what stays."""

import asyncpg
import pytest

from shared.errors import DataError
from shared.keys import make_key
from shared.redaction import STRUCK, describe, format_error, redact, strike

KEY = make_key(live=True)


@pytest.mark.parametrize(
    "secret",
    [
        pytest.param(KEY, id="key"),
        pytest.param(KEY[:12], id="beginning of a key"),
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        "klant+facturen@bedrijf.nl",
        "jörg@müller.de",
        "NL91ABNA0417164300",
        "NL91 ABNA 0417 1643 00",
        "+31612345678",
        "gAAAAABl0000000000000000000000000000==",
    ],
)
def test_secret_is_struck_out_wherever_it_stands(secret: str) -> None:
    for text in (secret, f"550 <{secret}>: no", f"({secret})", f'key="{secret}"'):
        assert secret not in strike(text)
        assert STRUCK in strike(text)


def test_password_of_an_address_is_struck_out_and_its_host_stays() -> None:
    assert strike("amqp://bugalou:s3cret@mq.example:5672/ is away") == f"amqp://{STRUCK}@mq.example:5672/ is away"


@pytest.mark.parametrize(
    "harmless",
    [
        "01a2195c-b7d5-70a0-8445-05feeed60e6c",
        "2026-11-26T20:07:49.123456+00:00",
        "payment.paid",
        "Postgres refuses the data (22P02 InvalidTextRepresentationError)",
        "the channel is 1.5 s late",
        "bugalou@localhost",
        "BUGALOU_DATABASE_URL",
    ],
)
def test_what_is_no_secret_stays(harmless: str) -> None:
    assert strike(harmless) == harmless


def test_error_of_a_driver_is_told_without_its_text() -> None:
    try:
        try:
            refused = asyncpg.CheckViolationError("new row violates a check")
            refused.detail = "Failing row contains (Anna Jansen, 1)."
            raise refused
        except asyncpg.PostgresError as error:
            raise DataError("Postgres refuses the data (23514)", "23514") from error
    except DataError as error:
        told = format_error(None, "error", {"event": "process.failed", "exc_info": error})["exception"]
    assert "Anna" not in told
    assert "CheckViolationError\ncaused\n" in told
    assert told.endswith("shared.errors.DataError: Postgres refuses the data (23514)")
    assert "test_redaction.py" in told, "its frames are there"


def test_what_the_schema_lacks_is_told_since_it_names_no_row() -> None:
    told = describe(asyncpg.UndefinedColumnError('column "payment_method" does not exist'))
    assert told.endswith('UndefinedColumnError: column "payment_method" does not exist')
    assert "Anna" not in describe(asyncpg.InvalidTextRepresentationError('invalid input syntax: "Anna"'))


def test_every_error_of_a_group_is_told() -> None:
    group = ExceptionGroup("several, of klant@bedrijf.nl", [ValueError("Anna"), KeyError("Jansen")])
    told = describe(group)
    assert "builtins.ValueError" in told
    assert "builtins.KeyError" in told
    assert not {"Anna", "Jansen", "klant"} & set(told.replace(":", " ").split())


def test_circle_of_causes_ends() -> None:
    one, other = ValueError("a"), TypeError("b")
    one.__cause__, other.__cause__ = other, one
    assert describe(one).count("builtins.") == 2


def test_error_as_a_value_is_told_by_its_class() -> None:
    assert redact(None, "info", {"event": "e", "error": ValueError("Anna"), "n": 1}) == {
        "event": "e",
        "error": "ValueError",
        "n": 1,
    }
