"""What came of one delivery attempt, as a channel tells it, and what that makes of the notification. Pure."""

from typing import Literal

from msgspec import Struct

from services.notifier.backoff import message_pause


class Sent(Struct, frozen=True):
    """The server took the message; `response` is what it said."""

    response: str


class Refused(Struct, frozen=True):
    """The server will never take this message for this recipient."""

    reason: str


class PutOff(Struct, frozen=True):
    """The server may take this message later; only this message waits."""

    reason: str


class Unreachable(Struct, frozen=True):
    """The server itself is away or refuses us: no message's fault, so the whole channel waits and no attempt counts."""

    reason: str


Outcome = Sent | Refused | PutOff | Unreachable


class Result(Struct, frozen=True):
    """What is written of an attempt; `pause_seconds` until the notification is due again, where it stays planned."""

    state: Literal["sent", "failed", "planned"]
    attempt: Literal["sent", "failed", "retry"]
    response: str
    pause_seconds: float = 0.0
    counts: bool = True


def result_of(outcome: Outcome, attempts: int, chance: float) -> Result:
    """Return what an outcome means after so many attempts; `chance`, from 0 to 1, spreads the pauses."""
    match outcome:
        case Sent(response):
            return Result("sent", "sent", response)
        case Refused(reason):
            return Result("failed", "failed", reason)
        case PutOff(reason):
            pause = message_pause(attempts, chance)
            if pause is None:
                return Result("failed", "failed", f"gave up after {attempts} attempts: {reason}")
            return Result("planned", "retry", reason, pause)
        case Unreachable(reason):
            return Result("planned", "retry", reason, counts=False)
