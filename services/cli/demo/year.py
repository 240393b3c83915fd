"""What the studio's bookkeeping sends in a year: invoices, payments, late ones, a refund here and there. Pure."""

import random
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, Final
from uuid import UUID, uuid5
from zoneinfo import ZoneInfo

from msgspec import Struct

from services.cli.demo.clients import CLIENTS, HOURS, MONTHLY, WORK, Client
from shared.contracts import Submission
from shared.orders.content import Content
from shared.orders.identity import Identity
from shared.orders.moments import to_microseconds
from shared.versions import version_at

DAYS: Final = 365
PLATFORM: Final = "moneybird"
_ZONE: Final = ZoneInfo("Europe/Amsterdam")
_IDS: Final = UUID("6f1c1d0e-2f6b-5a4c-9a37-5d8a9be0c7d1")
_FRIDAY: Final = 4


class Told(Struct, frozen=True):
    """What is sent at one moment."""

    at: datetime
    fields: dict[str, Any]


class Sale(Struct, frozen=True):
    """One invoice and all that was ever sent of it, in the order of time."""

    number: str
    client: Client
    told: list[Told]


class Tenant(Struct, frozen=True):
    """Whose year it is, and the key that its bookkeeping sends with."""

    account: UUID
    live: bool
    key: UUID


def sales(seed: int, invoices: int, now: datetime) -> Iterator[Sale]:
    """Yield the sales of the year that ends now, the first first."""
    dice = random.Random(seed)  # noqa: S311  # no secret is made of it
    today = now.astimezone(_ZONE).date()
    counts: dict[int, int] = {}
    # More towards the end of each month, when people write their invoices.
    days = sorted(_business_day(today - timedelta(days=_age(dice))) for _ in range(invoices))
    for day in days:
        counts[day.year] = counts.get(day.year, 0) + 1
        client = dice.choices(CLIENTS, [each.weight for each in CLIENTS])[0]
        yield _sale(dice, f"{day.year}-{counts[day.year]:04}", client, day, now)


def submissions(sale: Sale, tenant: Tenant) -> list[Submission]:
    """Return what a sale's bookkeeping sent, as a gateway would have accepted it then; nobody is notified of it."""
    identity = Identity(tenant.account, tenant.live, PLATFORM, f"INV-{sale.number}")
    order_id = identity.order_id()
    made = []
    for place, told in enumerate(sale.told):
        moment = to_microseconds(told.at)
        content = Content(told.fields, ())
        made.append(
            Submission(
                id=uuid5(_IDS, f"{order_id} {place}"),
                version=version_at(moment),
                account=tenant.account,
                live=tenant.live,
                order_id=order_id,
                platform=identity.platform,
                order_number=identity.order_number,
                content=content,
                fingerprint=content.fingerprint(),
                received_at=moment,
                key=tenant.key,
                silent=True,
            )
        )
    return made


def _age(dice: random.Random) -> int:
    day = dice.randint(0, DAYS - 1)
    return day if dice.random() < 0.7 else max(0, day - day % 30 + dice.randint(0, 4))


def _business_day(day: date) -> date:
    return day - timedelta(days=max(0, day.weekday() - _FRIDAY))


def _sale(dice: random.Random, number: str, client: Client, day: date, now: datetime) -> Sale:
    items = list(_items(dice, client))
    total = sum((Decimal(item["price"]) * Decimal(item["quantity"]) for item in items), Decimal(0))
    due = day + timedelta(days=client.terms)
    first: dict[str, Any] = {
        "orderStatus": "delivered" if dice.random() < 0.8 else "processing",
        "paymentStatus": "pending",
        "customerName": client.name,
        "customerEmail": client.email,
        "customerLanguage": client.language,
        "items": items,
        "total": _amount(total),
        "currency": client.currency,
        "invoiceNumber": number,
        "invoiceDate": str(day),
        "dueDate": str(due),
        "invoiceUrl": f"https://studio.example/facturen/{number}.pdf",
        "paymentUrl": f"https://betalen.example/{number}",
    }
    if client.phone is not None:
        first["customerPhone"] = client.phone
    told = [Told(_moment(dice, day), first)]
    told += _payment(dice, client, day, due, total)
    return Sale(number, client, sorted((each for each in told if each.at < now), key=lambda each: each.at))


def _payment(dice: random.Random, client: Client, day: date, due: date, total: Decimal) -> Iterator[Told]:
    fate = dice.random()
    paid_on = day + timedelta(days=max(1, round(dice.gauss(client.days, client.spread))))
    if fate < 0.03:
        yield Told(_moment(dice, day + timedelta(days=4)), {"orderStatus": "cancelled"})
        return
    if fate < 0.09:  # some wait very long
        paid_on = due + timedelta(days=dice.randint(50, 150))
    if paid_on > due:
        yield Told(
            _moment(dice, due + timedelta(days=1), hour=6), {"paymentStatus": "overdue", "orderStatus": "delivered"}
        )
    method = client.method
    if fate > 0.95:
        half = (total / 2).quantize(Decimal("0.01"))
        at = _moment(dice, paid_on - timedelta(days=1))
        yield Told(
            max(at, _moment(dice, day + timedelta(days=1))), {"amountPaid": _amount(half), "paymentMethod": method}
        )
        paid_on += timedelta(days=12)
    paid = _moment(dice, paid_on)
    yield Told(
        paid,
        {"paymentStatus": "paid", "amountPaid": _amount(total), "paymentMethod": method, "orderStatus": "delivered"},
    )
    if 0.09 < fate < 0.11:
        yield Told(paid + timedelta(days=9), {"paymentStatus": "refunded"})


def _items(dice: random.Random, client: Client) -> Iterator[dict[str, str]]:
    if dice.random() < 0.25:
        yield {"name": MONTHLY[0], "quantity": str(dice.choice((1, 1, 3))), "price": _amount(Decimal(MONTHLY[1]))}
        return
    if dice.random() < 0.6:
        name, price = dice.choice(WORK)
        yield {"name": name.format(n=dice.randint(1, 3)), "quantity": "1", "price": _amount(Decimal(price))}
    for name, price in dice.sample(HOURS, dice.randint(1, 2)):
        hours = Decimal(dice.randint(2, 36)) / 2
        yield {"name": name, "quantity": _amount(hours), "price": _amount(Decimal(price))}


def _moment(dice: random.Random, day: date, hour: int | None = None) -> datetime:
    at = time(dice.randint(8, 17) if hour is None else hour, dice.randint(0, 59), dice.randint(0, 59))
    return datetime.combine(day, at, _ZONE)


def _amount(amount: Decimal) -> str:
    """Return an amount as the system keeps it: the shortest plain form."""
    text = f"{amount:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
