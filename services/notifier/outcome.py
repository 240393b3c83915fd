"""What came of one delivery attempt, as a channel tells it, and what that makes of the notification. Pure."""

from typing import Literal

from msgspec import Struct

from services.notifier.backoff import MOST_ATTEMPTS, MOST_BEFORE_ANOTHER, message_pause


class Sent(Struct, frozen=True):
    """The server took the message; `response` is what it said, `reference` by which name it tells of it later."""

    response: str
    reference: str | None = None


class Refused(Struct, frozen=True):
    """The server will never take this message for this recipient."""

    reason: str


class Undeliverable(Struct, frozen=True):
    """It never arrives over this channel: another takes its place, where there is one.

    `opted_out`: the client wants no messages at this address.
    """

    reason: str
    opted_out: bool = False


class Unusable(Struct, frozen=True):
    """The account's own access to the channel is refused until it is mended: another channel takes its place meanwhile.

    Where there is none, the message waits as one that is put off.
    """

    reason: str


class PutOff(Struct, frozen=True):
    """The server may take this message later; only this message waits, at least so many seconds."""

    reason: str
    least_seconds: float = 0.0


class Resting(Struct, frozen=True):
    """The server does not serve this account now: no message's fault, so its messages wait and no attempt counts."""

    reason: str
    pause_seconds: float


class Unreachable(Struct, frozen=True):
    """The server itself is away or refuses us: no message's fault, so the whole channel waits and no attempt counts."""

    reason: str


Outcome = Sent | Refused | Undeliverable | Unusable | PutOff | Resting | Unreachable


class Result(Struct, frozen=True):
    """What is written of an attempt; `pause_seconds` until the notification is due again, where it stays planned.

    `elsewhere`: another channel takes its place. `opted_out`: the address is to be suppressed.
    """

    state: Literal["sent", "failed", "planned"]
    attempt: Literal["sent", "failed", "retry"]
    response: str
    pause_seconds: float = 0.0
    counts: bool = True
    reference: str | None = None
    elsewhere: bool = False
    opted_out: bool = False


def result_of(outcome: Outcome, attempts: int, chance: float, *, elsewhere: bool = False) -> Result:
    """Return what an outcome means after so many attempts; `chance`, from 0 to 1, spreads the pauses.

    `elsewhere` tells whether another channel can take the message's place.
    """
    match outcome:
        case Sent(response, reference):
            return Result("sent", "sent", response, reference=reference)
        case Refused(reason):
            return Result("failed", "failed", reason)
        case Undeliverable(reason, opted_out):
            return Result("failed", "failed", reason, elsewhere=elsewhere, opted_out=opted_out)
        case Unusable(reason):
            if elsewhere:
                return Result("failed", "failed", reason, elsewhere=True)
            return _put_off(reason, attempts, chance)
        case PutOff(reason, least):
            return _put_off(reason, attempts, chance, least, elsewhere=elsewhere)
        case Resting(reason, pause):
            return Result("planned", "retry", reason, pause, counts=False)
        case Unreachable(reason):
            return Result("planned", "retry", reason, counts=False)


def _put_off(reason: str, attempts: int, chance: float, least: float = 0.0, *, elsewhere: bool = False) -> Result:
    pause = message_pause(attempts, chance, MOST_BEFORE_ANOTHER if elsewhere else MOST_ATTEMPTS)
    if pause is None:
        return Result("failed", "failed", f"gave up after {attempts} attempts: {reason}", elsewhere=elsewhere)
    return Result("planned", "retry", reason, max(pause, least))
