"""Which reminders of one client leave together, and which wait: one message a client a day. Pure."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from msgspec import Struct

from services.notifier.decision import Cancel, Decision, Fail, HandOver, Send, Wait
from services.notifier.due import Due
from shared.quiet_times import leaves_at, start_of

MOST_INVOICES: Final = 100
"""So many invoices stand in one message; what is beyond waits for the next day's."""

GATHERING: Final = timedelta(seconds=60)
"""How long a reminder waits at most, from its due moment on, for others of its client that have not come to rest."""

Rest = tuple[Due, Cancel | Fail | HandOver | Wait]


class Together(Struct, frozen=True):
    """Notifications that leave as one message, under one id; the first of them leads."""

    message_id: UUID
    members: tuple[Due, ...]


class Gathered(Struct, frozen=True):
    """What becomes of a client's reminders: messages to send, and the rest, each with its verdict."""

    messages: list[Together]
    rest: list[Rest]


def gather(decided: Sequence[tuple[Due, Decision]], soon: Sequence[datetime], taken: frozenset[UUID]) -> Gathered:
    """Return what leaves of one client's reminders that are due, each with its decision.

    `soon` is when others of the client, which have not come to rest yet, will have; `taken` are the messages that
    have taken up the client's day. What was handed over before goes first, and under the id that it had.
    """
    rest: list[Rest] = []
    tried: dict[UUID, list[Due]] = {}
    asked: list[list[Due]] = []
    fresh: list[Due] = []
    for due, decision in decided:
        message_id = due.notification.message_id
        if not isinstance(decision, Send):
            rest.append((due, decision))
        elif message_id is not None:
            tried.setdefault(message_id, []).append(due)
        elif due.notification.is_asked:
            asked.append([due])
        else:
            fresh.append(due)
    until = _settled_at(fresh, rest, soon)
    if until is not None:
        rest += [(due, Wait("planned", "gathering", until)) for due in fresh]
        fresh = []
    messages: list[Together] = []
    groups = [*tried.items(), *((members[0].notification.id, members) for members in (*asked, fresh) if members)]
    for message_id, members in groups:
        if taken - {message_id}:
            rest += [(due, _another_day(due)) for due in members]
            continue
        taken |= {message_id}
        messages.append(Together(message_id, tuple(members[:MOST_INVOICES])))
        rest += [(due, _another_day(due)) for due in members[MOST_INVOICES:]]
    return Gathered(messages, rest)


def _settled_at(fresh: Sequence[Due], rest: Sequence[Rest], soon: Sequence[datetime]) -> datetime | None:
    """Return the moment to wait for until all of the client's reminders have come to rest; None: now."""
    if not fresh:
        return None
    moments = [*soon]
    moments += [verdict.until for _, verdict in rest if isinstance(verdict, Wait) and verdict.reason == "settling"]
    until = max(moments, default=None)
    patience = min(due.notification.created_at + timedelta(seconds=due.settle_seconds) for due in fresh) + GATHERING
    return until if until is not None and fresh[0].now < until <= patience else None


def _another_day(due: Due) -> Cancel | Wait:
    """Hold a step until the client's next day; what a person asked for is not put off behind their back."""
    if due.notification.is_asked:
        return Cancel("client_reminded_today")
    settings = due.account.settings
    tomorrow = start_of(due.today + timedelta(days=1), settings)
    return Wait("held", "client_reminded_today", leaves_at(tomorrow, settings))
