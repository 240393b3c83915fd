"""Every message that an account can send, shown of one order and sent to nobody. Pure."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Final
from uuid import UUID

from msgspec import Struct
from msgspec.structs import replace

from shared.ladder import Tone
from shared.messages.account import Account
from shared.messages.letter import Letter, compose, compose_reminder
from shared.messages.order import Item, Order

TONES: Final[tuple[Tone, ...]] = ("notice", "first", "second", "again", "final")
_CENT: Final = Decimal("0.01")


class Preview(Struct, frozen=True):
    """One message: what it is called (`thanks`, `part-payment`, a tone, `several`), and what it says."""

    name: str
    letter: Letter


def sample_order(today: date) -> Order:
    """Return an order as a freelancer's might be, for accounts that have none yet."""
    return Order(
        id=UUID(int=1),
        account=UUID(int=0),
        live=True,
        platform="custom",
        number="INV-2026-042",
        order_status="delivered",
        payment_status="overdue",
        customer_email="klant@bedrijf.nl",
        customer_name="Architectenbureau De Groot",
        items=(Item("Ontwerp woning - fase 1", "2500"), Item("Bouwtechnisch advies", "150", "3")),
        total=Decimal(2950),
        currency="EUR",
        invoice_number="INV-2026-042",
        invoice_date=today - timedelta(days=30),
        due_date=today,
    )


def previews(account: Account, order: Order) -> list[Preview]:
    """Return all messages, in the order in which a client may get them: as if the order were paid, in part, or not."""
    total = order.total
    part = None if total is None else (total / 2).quantize(_CENT)
    paid = replace(order, payment_status="paid", amount_paid=total)
    partly = replace(order, payment_status="pending", amount_paid=part)
    is_open = order.payment_status not in ("paid", "refunded")
    unpaid = order if is_open else replace(order, payment_status="overdue", amount_paid=None)
    other = replace(
        unpaid, id=UUID(int=unpaid.id.int ^ 1), invoice_number=f"{unpaid.invoice_number or unpaid.number}-2"
    )
    return [
        Preview("thanks", compose("confirmation", paid, account)),
        Preview("part-payment", compose("confirmation", partly, account)),
        *(Preview(tone, compose("reminder", unpaid, account, tone=tone)) for tone in TONES),
        Preview("several", compose_reminder((unpaid, other), account, "first")),
    ]
