"""The overview: an account's orders by month and currency, and what is open by age."""

from decimal import Decimal
from typing import Final

from services.console.months import Month
from services.console.orders import Shown
from services.console.tenancy import as_tenant
from shared.account_settings import TIMEZONE
from shared.database import Database, Row
from shared.keys import ApiKey
from shared.orders.money import write_amount

MOST_MONTHS: Final = 120
USUAL_MONTHS: Final = 12
STATEMENT_SECONDS: Final = 20

_TODAY: Final = """
SELECT zone, (now() AT TIME ZONE zone)::date AS today
FROM (SELECT coalesce((SELECT document->>'timezone' FROM settings WHERE account_id = $1), $2) AS zone) AS account
"""

# A refunded order adds to count and refunded only. Days are those of the calendar where the account is: an invoice of
# the 1st that is paid on the 11th took 10, at whatever hour.
_MONTHS: Final = """
SELECT date_trunc('month', day::timestamp)::date AS month, currency, count(*) AS count,
    sum(total) FILTER (WHERE NOT refunded) AS invoiced,
    sum(CASE WHEN paid THEN coalesce(amount_paid, total) ELSE amount_paid END) FILTER (WHERE NOT refunded) AS paid,
    sum(total - coalesce(amount_paid, 0)) FILTER (WHERE open) AS open,
    sum(total - coalesce(amount_paid, 0)) FILTER (WHERE overdue) AS overdue,
    sum(coalesce(amount_paid, total)) FILTER (WHERE refunded) AS refunded,
    round(avg((paid_since AT TIME ZONE $3)::date - day) FILTER (WHERE paid), 1) AS days
FROM (
    SELECT currency, total, amount_paid, paid_since,
        coalesce(invoice_date, (created_at AT TIME ZONE $3)::date) AS day,
        coalesce(payment_status = 'refunded', false) AS refunded,
        coalesce(payment_status = 'paid', false) AS paid,
        coalesce(payment_status IN ('pending', 'overdue'), false) AS open,
        coalesce(payment_status = 'overdue', false) AS overdue
    FROM orders WHERE account_id = $1 AND livemode = $2 AND order_status <> 'cancelled'
) AS counted
WHERE day BETWEEN $4 AND $5
GROUP BY 1, 2 ORDER BY 1, 2 NULLS LAST
"""

# An amount is late from the day after its due date; where none is known, from the day on which it was first overdue.
_AGING: Final = """
SELECT currency,
    coalesce(sum(open) FILTER (WHERE days <= 30), 0) AS "0-30",
    coalesce(sum(open) FILTER (WHERE days BETWEEN 31 AND 60), 0) AS "31-60",
    coalesce(sum(open) FILTER (WHERE days BETWEEN 61 AND 90), 0) AS "61-90",
    coalesce(sum(open) FILTER (WHERE days > 90), 0) AS "90+"
FROM (
    SELECT currency, due_date, total - coalesce(amount_paid, 0) AS open,
        $4::date - coalesce(due_date, (overdue_since AT TIME ZONE $3)::date) AS days
    FROM orders
    WHERE account_id = $1 AND livemode = $2 AND order_status <> 'cancelled' AND payment_status IN ('pending', 'overdue')
) AS late
WHERE open <> 0 AND days >= CASE WHEN due_date IS NULL THEN 0 ELSE 1 END
GROUP BY 1 ORDER BY 1 NULLS LAST
"""

_AMOUNTS: Final = ("invoiced", "paid", "open", "overdue", "refunded")
_AGES: Final = ("0-30", "31-60", "61-90", "90+")


class OverviewReader:
    """Sums up an account's orders, as their tenant."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def read(self, key: ApiKey, first: Month | None, last: Month | None) -> Shown:
        """Return the overview of the months from `first` to `last`; a bound that is absent follows from the other."""
        async with as_tenant(self._database, key, statement_seconds=STATEMENT_SECONDS) as connection:
            here = await connection.fetchrow(_TODAY, key.account, TIMEZONE)
            if here is None:
                raise RuntimeError("a SELECT of one row returned none")
            zone, today = here["zone"], here["today"]
            first, last = span(first, last, Month.of(today))
            days = (first.first_day, last.last_day)
            months = await connection.fetch(_MONTHS, key.account, key.live, zone, *days)
            aging = await connection.fetch(_AGING, key.account, key.live, zone, today)
        return {"data": [_month(row) for row in months], "aging": [_ages(row) for row in aging]}


def span(first: Month | None, last: Month | None, this: Month) -> tuple[Month, Month]:
    """Return the months that are asked for: the last twelve, twelve up to `last`, or from `first` until now."""
    if last is not None:
        return first or last.plus(1 - USUAL_MONTHS), last
    if first is None:
        return this.plus(1 - USUAL_MONTHS), this
    return first, min(max(first, this), first.plus(MOST_MONTHS - 1))


def _month(row: Row) -> Shown:
    days = row["days"]
    return {
        "month": str(Month.of(row["month"])),
        "currency": row["currency"],
        "count": row["count"],
        **{name: _amount(row[name], row["currency"]) for name in _AMOUNTS},
        "averageDaysToPayment": None if days is None else float(days),
    }


def _ages(row: Row) -> Shown:
    return {"currency": row["currency"], **{name: _amount(row[name], row["currency"]) for name in _AGES}}


def _amount(amount: Decimal | None, currency: str | None) -> str:
    shortest = f"{amount or Decimal(0):f}"
    if "." in shortest:
        shortest = shortest.rstrip("0").rstrip(".")
    return write_amount(shortest, currency)
