"""The ladder of reminders: which steps an order still has, when each is due, and in which tone. Pure.

A cycle is the time in which an order is open: from its first submission, or from the one that opened it again, until
it is paid, refunded or cancelled. In a cycle each step comes once at most:

- its day is counted from the due date in the account's zone; without a due date (or with one from before the cycle)
  from the cycle's first `overdue`;
- `overdue` starts the ladder at once: the first step is due with it, unless a reminder of the cycle came before;
- of steps that were missed, the newest alone is due; and what lies before a reminder that was given is over.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Final, Literal
from uuid import UUID, uuid5

from msgspec import Struct

from shared.account_settings import AccountSettings
from shared.quiet_times import leaves_at, local_day, start_of, zone_of

_CYCLES: Final = UUID("e1f6b3d8-54c0-5a4e-9c1b-2f7d80a6c3e5")

REMINDED: Final = ("pending", "overdue")
"""The payment statuses of which clients are reminded."""

_ENDED: Final = ("paid", "refunded")
_DAYS: Final = (date(1970, 1, 2), date(9000, 1, 1))
"""Between these all sums of days stay in the calendar."""

Tone = Literal["notice", "first", "second", "again", "final"]
"""From friendly to firm: not late yet, then the first reminder, the second, another, and the last of the ladder."""


class Change(Struct, frozen=True):
    """What a submission said of an order's statuses; None: nothing."""

    moment: datetime
    payment_status: str | None
    order_status: str | None


class Given(Struct, frozen=True):
    """A reminder that has been planned, whatever became of it; `asked` for by a person, it is no step of the ladder."""

    moment: datetime
    step: int
    asked: bool = False


class Chased(Struct, frozen=True, kw_only=True):
    """An order as the ladder sees it; `changes` are in version order."""

    order_id: UUID
    payment_status: str | None
    order_status: str
    due_date: date | None = None
    open_amount: Decimal | None = None
    changes: tuple[Change, ...] = ()
    given: tuple[Given, ...] = ()


class Cycle(Struct, frozen=True):
    """A time in which an order is open; the first one began before anything. `id` names it in notifications."""

    id: UUID
    began: datetime | None
    overdue_since: datetime | None


class Step(Struct, frozen=True):
    """A step of the ladder that is to come: its number counts from 1."""

    cycle: UUID
    number: int
    due_at: datetime


def is_chased(order: Chased) -> bool:
    """Tell whether an order's client may be reminded at all."""
    if order.order_status == "cancelled" or order.payment_status not in REMINDED:
        return False
    return order.open_amount is None or order.open_amount > 0


def current_cycle(order_id: UUID, changes: Iterable[Change]) -> Cycle:
    """Return the cycle that an order's history is in.

    Its id derives from how many were before it, which late, older submissions seldom change.
    """
    payment, status = None, None
    number, began, overdue_since, is_over = 0, None, None, False
    for change in changes:
        payment, status = change.payment_status or payment, change.order_status or status
        if payment in _ENDED or status == "cancelled":
            is_over, overdue_since = True, None
            continue
        if is_over:
            number, began, is_over = number + 1, change.moment, False
        if payment == "overdue" and overdue_since is None:
            overdue_since = change.moment
    return Cycle(uuid5(_CYCLES, f"{order_id} {number}"), began, overdue_since)


def steps_ahead(settings: AccountSettings, order: Chased, now: datetime) -> list[Step]:
    """Return the steps to come, the soonest first; one that is due by `now` is the first, if any is."""
    if not is_chased(order):
        return []
    cycle = current_cycle(order.order_id, order.changes)
    given = [one for one in order.given if cycle.began is None or one.moment >= cycle.began]
    numbered = _numbered(_moments(settings, order, cycle, given), given)
    due = [one for one in numbered if one[1] <= now]
    return [Step(cycle.id, number, moment) for number, moment in (*due[-1:], *numbered[len(due) :])]


def tone_of(step: int, ladder: Sequence[int], *, before: int, is_late: bool) -> Tone:
    """Return the tone of a reminder of which `before` were sent in its cycle: what was never said is not repeated."""
    if not is_late:
        return "notice"
    if before < 1:
        return "first"
    if before < 2:
        return "second"
    return "final" if step >= len(ladder) else "again"


def _moments(
    settings: AccountSettings, order: Chased, cycle: Cycle, given: Sequence[Given]
) -> list[tuple[int, datetime]]:
    """Return every step of the ladder, by its place from 1, with the moment at which it falls due, in this order."""
    overdue = cycle.overdue_since if order.payment_status == "overdue" else None
    base = _base(settings, order.due_date, cycle)
    places = list(enumerate(settings.ladder, 1))
    if base is not None:
        moments = [
            (place, leaves_at(start_of(base + timedelta(days=days), settings), settings)) for place, days in places
        ]
    elif overdue is not None:
        moments = [(place, _after(overdue, days, settings)) for place, days in places]
    else:
        return []
    if overdue is None or not moments or any(one.moment < overdue for one in given):
        return moments
    return [(moments[0][0], overdue), *(one for one in moments[1:] if one[1] > overdue)]


def _base(settings: AccountSettings, due_date: date | None, cycle: Cycle) -> date | None:
    if due_date is None:
        return None
    if cycle.began is not None and due_date < local_day(cycle.began, settings):
        return None
    first, last = _DAYS
    return min(max(due_date, first), last)


def _after(moment: datetime, days: int, settings: AccountSettings) -> datetime:
    """Return the moment so many days later by the wall clock, as soon as a reminder may leave."""
    local = moment.astimezone(zone_of(settings)) + timedelta(days=days)
    return leaves_at(local.astimezone(UTC), settings)


def _numbered(moments: Sequence[tuple[int, datetime]], given: Sequence[Given]) -> list[tuple[int, datetime]]:
    """Return what is left of the ladder; where it was changed under way, the numbers of its steps still rise."""
    last = max((one.moment for one in given), default=None)
    highest = max((one.step for one in given if not one.asked), default=0)
    left = [one for one in moments if last is None or one[1] > last]
    return [(max(place, highest + position), moment) for position, (place, moment) in enumerate(left, 1)]
