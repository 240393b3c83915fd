"""The first page: what a month brought, twelve months, what is overdue by age, and what falls due this week."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from aiohttp import web
from msgspec import Struct

from services.console.dashboard.site import Entry, PageRoute, Site
from services.console.dashboard.visit import HOME, Visit
from services.console.months import Month
from services.console.orders import OrdersReader, Shown
from services.console.overview import USUAL_MONTHS, OverviewReader
from services.console.paging import Paging
from services.console.parameters import Parameters
from services.console.selection import Filters, Selection
from services.console.sorting import SORTS

UNPAID: Final = ("overdue", "pending")
NOT_CANCELLED: Final = ("delivered", "processing")
_DUE_DAYS: Final = 7
_DUE_ROWS: Final = 6
_MOST_CHARTS: Final = 6
"""Each is drawn by the browser; further currencies have their tables."""


class CurrencyOverview(Struct, frozen=True):
    """All that is shown of one currency: the month asked for, those before it, and what is overdue, by age."""

    currency: str | None
    month: Shown
    months: list[Shown]
    ages: list[tuple[str, str, int]]
    """An age, its amount, and that in hundredths of the largest one."""
    count: int
    has_chart: bool


class OverviewPage:
    """Shows the overview."""

    def __init__(
        self,
        site: Site,
        overview: OverviewReader,
        orders: OrdersReader,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._site = site
        self._overview = overview
        self._orders = orders
        self._now = now

    async def page(self, visit: Visit) -> web.StreamResponse:
        """Show a month, this one unless another is asked for."""
        parameters = Parameters(visit.request.query)
        asked = parameters.month("month")
        parameters.finish()
        today = visit.formats.local(self._now()).date()
        this = Month.of(today)
        month = asked or this
        found = await self._overview.read(visit.key, month.plus(1 - USUAL_MONTHS), month)
        due = Selection(filters=due_filters(today), sort=SORTS["dueDate"], paging=Paging(limit=_DUE_ROWS))
        due_orders, more_due = await self._orders.page(visit.key, due)
        return self._site.render(
            visit,
            "overview.html",
            words=visit.phrases.overview,
            month=month,
            before=month.plus(-1),
            after=month.plus(1) if month < this else None,
            currencies=by_currency(found, month),
            due=due_orders,
            has_more_due=more_due is not None,
            due_query={
                "paymentStatus": ",".join(UNPAID),
                "orderStatus": ",".join(NOT_CANCELLED),
                "dueFrom": str(today),
                "dueBefore": str(today + timedelta(days=_DUE_DAYS)),
                "sort": "dueDate",
            },
            unpaid=",".join(UNPAID),
            not_cancelled=",".join(NOT_CANCELLED),
        )

    PAGES = (PageRoute(method="GET", path=HOME, handler=page, entry=Entry(name="overview", on_phone=True)),)


def due_filters(today: date) -> Filters:
    """Return the filters of what falls due within a week, today included."""
    return Filters(
        payment_status=UNPAID,
        order_status=NOT_CANCELLED,
        due_from=today,
        due_before=today + timedelta(days=_DUE_DAYS),
    )


def by_currency(found: Shown, month: Month) -> list[CurrencyOverview]:
    """Return what the reader found for each currency by itself, the one with most invoices first; never summed."""
    rows: dict[str | None, dict[str, Shown]] = {}
    for row in found["data"]:
        rows.setdefault(row["currency"], {})[row["month"]] = row
    ages = {row["currency"]: row for row in found["aging"]}
    for currency in ages:
        rows.setdefault(currency, {})
    counts = {currency: sum(row["count"] for row in of.values()) for currency, of in rows.items()}
    ordered = sorted(rows, key=lambda currency: (-counts[currency], currency is None, currency or ""))
    names = [str(month.plus(back)) for back in range(1 - USUAL_MONTHS, 1)]
    return [
        CurrencyOverview(
            currency,
            rows[currency].get(str(month), _nothing(str(month))),
            [rows[currency].get(name, _nothing(name)) for name in names],
            _ages(ages.get(currency)),
            counts[currency],
            place < _MOST_CHARTS,
        )
        for place, currency in enumerate(ordered)
    ]


def _ages(row: Shown | None) -> list[tuple[str, str, int]]:
    if row is None:
        return []
    amounts = {age: Decimal(amount) for age, amount in row.items() if age != "currency"}
    largest = max(amounts.values())
    return [
        (age, row[age], int(100 * max(amount, Decimal(0)) / largest) if largest > 0 else 0)
        for age, amount in amounts.items()
    ]


def _nothing(name: str) -> dict[str, Any]:
    amounts = dict.fromkeys(("invoiced", "paid", "open", "overdue", "refunded"), "0")
    return {"month": name, "count": 0, "averageDaysToPayment": None, **amounts}
