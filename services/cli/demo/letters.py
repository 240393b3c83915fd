"""The messages that the year's clients would have got: rendered as the notifier renders, and stored as sent."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final, Literal
from uuid import UUID, uuid5

from msgspec import Struct

from services.cli.demo.year import Sale
from shared.contracts import Submission
from shared.database import Database
from shared.messages.account import Account
from shared.messages.images import embed
from shared.messages.letter import compose
from shared.messages.order import Item, Order
from shared.messages.rendering import Renderer

_IDS: Final = UUID("0b0f4c7e-90a5-5f0d-8a4e-0f5f0c8a2f10")
_DAYS: Final = (0, 7, 14)
"""After the due date, as the usual ladder has it."""
_ADD: Final = """
INSERT INTO notifications (id, account_id, livemode, order_id, kind, event_type, run_id, step, channel, state,
    recipient, language, subject, text_body, html_body, due_at, attempts, created_at, sent_at)
SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::boolean[], $4::uuid[], $5::text[], $6::text[], $7::uuid[],
    $8::smallint[], $9::text[], $10::text[], $11::text[], $12::text[], $13::text[], $14::text[], $15::text[],
    $16::timestamptz[], $17::integer[], $18::timestamptz[], $19::timestamptz[])
ON CONFLICT DO NOTHING
"""


class Sent(Struct, frozen=True):
    """One message, and what its order said when it left."""

    kind: Literal["confirmation", "reminder"]
    step: int
    run: UUID
    at: datetime
    fields: dict[str, Any]


def sent_of(sale: Sale, made: Sequence[Submission], now: datetime) -> Iterator[Sent]:
    """Yield the messages of a sale."""
    fields: dict[str, Any] = {}
    late: tuple[UUID, datetime] | None = None
    for told, submission in zip(sale.told, made, strict=True):
        if late is not None:
            yield from _reminders(late, told.at, dict(fields))
        fields |= told.fields
        status = told.fields.get("paymentStatus")
        if status == "overdue":
            late = (submission.id, told.at)
        elif status == "paid":
            late = None
            yield Sent("confirmation", 1, submission.id, told.at + timedelta(seconds=6), dict(fields))
    if late is not None:
        yield from _reminders(late, now, dict(fields))


def _reminders(late: tuple[UUID, datetime], until: datetime, fields: dict[str, Any]) -> Iterator[Sent]:
    run, since = late
    for step, days in enumerate(_DAYS, 1):
        at = (since + timedelta(days=days)).replace(hour=9)
        if at < until:
            yield Sent("reminder", step, run, at, fields)


async def add_letters(
    database: Database,
    account: Account,
    renderer: Renderer,
    sales: Sequence[tuple[Sale, Sequence[Submission]]],
    now: datetime,
) -> int:
    """Store every message of some sales; return how many."""
    rows = []
    for sale, made in sales:
        # What stands in several periods of lateness is sent once.
        for sent in {(each.kind, each.run, each.step): each for each in sent_of(sale, made, now)}.values():
            first = made[0]
            letter = compose(sent.kind, _order(first, sent.fields), account)
            rendered = renderer.render(letter)
            rows.append(
                (
                    uuid5(_IDS, f"{first.order_id} {sent.kind} {sent.run} {sent.step}"),
                    first.account,
                    first.live,
                    first.order_id,
                    sent.kind,
                    "payment.paid" if sent.kind == "confirmation" else "payment.overdue",
                    sent.run,
                    sent.step,
                    "email",
                    "sent" if first.live else "simulated",
                    sale.client.email,
                    letter.language,
                    letter.subject,
                    rendered.text,
                    embed(rendered.html, rendered.images),
                    sent.at,
                    1,
                    sent.at,
                    sent.at,
                )
            )
    if rows:
        async with database.transaction() as connection:
            await connection.execute(_ADD, *map(list, zip(*rows, strict=True)))
    return len(rows)


def _order(submission: Submission, fields: dict[str, Any]) -> Order:
    def amount(name: str) -> Decimal | None:
        return Decimal(fields[name]) if name in fields else None

    return Order(
        id=submission.order_id,
        account=submission.account,
        live=submission.live,
        platform=submission.platform,
        number=submission.order_number,
        order_status=fields["orderStatus"],
        payment_status=fields.get("paymentStatus"),
        customer_email=fields.get("customerEmail"),
        customer_name=fields.get("customerName"),
        language=fields.get("customerLanguage"),
        items=tuple(Item(item["name"], item["price"], item["quantity"]) for item in fields["items"]),
        total=amount("total"),
        currency=fields.get("currency"),
        amount_paid=amount("amountPaid"),
        payment_method=fields.get("paymentMethod"),
        invoice_number=fields.get("invoiceNumber"),
        invoice_url=fields.get("invoiceUrl"),
        invoice_date=date.fromisoformat(fields["invoiceDate"]),
        due_date=date.fromisoformat(fields["dueDate"]),
        payment_url=fields.get("paymentUrl"),
    )
