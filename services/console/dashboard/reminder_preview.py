"""What an account's ladder would do with an invoice: the dates and the texts of its reminders, made as when sent."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Final
from uuid import UUID

from msgspec import Struct

from shared.account_settings import AccountSettings
from shared.ladder import Chased, Tone, steps_ahead, tone_of
from shared.messages.account import Account
from shared.messages.letter import compose
from shared.messages.order import Item, Order
from shared.messages.rendering import Renderer
from shared.quiet_times import local_day

_NOBODY: Final = UUID(int=0)
_PRICE: Final = "2950.00"
_LONG_AGO: Final = datetime(1970, 1, 1, tzinfo=UTC)


class Reminder(Struct, frozen=True):
    """One reminder to come: so many days after (negative: before) the due date; `leaves_at` obeys quiet times."""

    number: int
    days: int
    leaves_at: datetime
    tone: Tone
    subject: str
    text: str


class ReminderPreview:
    """Plays the ladder for an example invoice."""

    def __init__(self, renderer: Renderer) -> None:
        self._renderer = renderer

    def of(self, settings: AccountSettings, due_date: date, *, name: str, client: str, item: str) -> list[Reminder]:
        """Return the reminders of an invoice that nobody pays, the soonest first."""
        order = Order(
            id=_NOBODY,
            account=_NOBODY,
            live=False,
            platform="custom",
            number="2026-042",
            order_status="processing",
            payment_status="pending",
            customer_name=client,
            items=(Item(item, _PRICE),),
            total=Decimal(_PRICE),
            currency="EUR",
            due_date=due_date,
        )
        chased = Chased(
            order_id=_NOBODY,
            payment_status="pending",
            order_status="processing",
            due_date=due_date,
            open_amount=Decimal(_PRICE),
        )
        account, previews = Account(name, settings), list[Reminder]()
        for step in steps_ahead(settings, chased, _LONG_AGO):
            is_late = local_day(step.due_at, settings) > due_date
            tone = tone_of(step.number, settings.ladder, before=len(previews), is_late=is_late)
            letter = compose("reminder", order, account, tone=tone)
            days = settings.ladder[step.number - 1]
            previews.append(
                Reminder(step.number, days, step.due_at, tone, letter.subject, self._renderer.text(letter).strip())
            )
        return previews
