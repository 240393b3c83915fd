"""Which orders a list asks for: filters, a sort order, and where to go on; from a query string, and into SQL."""

from datetime import date, datetime
from typing import Annotated, Any, Final, Literal, get_args

from msgspec import Meta, Struct

from services.console.months import Month
from services.console.paging import Paging, read_paging
from services.console.parameters import Parameters
from services.console.sorting import NEWEST, SORTS, Sort
from shared.account_settings import TIMEZONE
from shared.http.routes import Parameter
from shared.keys import ApiKey
from shared.orders.body import OrderStatus, PaymentStatus, Text64, Text200, Text254
from shared.orders.documents import Day, Timestamp

PARAMETERS: Final = (
    Parameter(
        name="paymentStatus",
        of=Annotated[list[PaymentStatus], Meta(min_length=1)],
        description="One, or several with commas between.",
    ),
    Parameter(
        name="orderStatus",
        of=Annotated[list[OrderStatus], Meta(min_length=1)],
        description="One, or several with commas between.",
    ),
    Parameter(name="platform", of=Annotated[Text64, Meta(min_length=1)], description="Orders of this platform."),
    Parameter(name="customerEmail", of=Annotated[Text254, Meta(min_length=1)], description="Ignoring case."),
    Parameter(
        name="q",
        of=Annotated[Text200, Meta(min_length=1)],
        description="A part of orderNumber, invoiceNumber, customerName or customerEmail, ignoring case.",
    ),
    Parameter(name="dueFrom", of=Day, description="Due on this day or later."),
    Parameter(name="dueBefore", of=Day, description="Due before this day."),
    Parameter(
        name="month",
        of=Annotated[str, Meta(pattern="^(?!0000)[0-9]{4}-(0[1-9]|1[0-2])$")],
        description="Invoiced in this month, as the overview counts: by invoiceDate, else by createdAt.",
    ),
    Parameter(name="currency", of=Annotated[str, Meta(pattern="^[A-Z]{3}$")], description="In this currency."),
    Parameter(
        name="updatedSince",
        of=Timestamp,
        description="Updated at this moment or later; RFC 3339. A change shows up when it is committed, a moment after"
        " its updatedAt: to keep a copy, ask from a minute before the newest that you have.",
    ),
    Parameter(
        name="sort",
        of=Literal[tuple(SORTS)],
        description="With - in front, descending; -updatedAt unless given. Orders without the value come last.",
    ),
)


class Filters(Struct, frozen=True, kw_only=True):
    """What narrows a list; each names a column, an operator and a value. None and () do not narrow."""

    payment_status: tuple[str, ...] = ()
    order_status: tuple[str, ...] = ()
    platform: str | None = None
    customer_email: str | None = None
    q: str | None = None
    month: Month | None = None
    currency: str | None = None
    due_from: date | None = None
    due_before: date | None = None
    updated_since: datetime | None = None

    def conditions(self, first: int) -> tuple[list[str], list[Any]]:
        """Return SQL conditions with parameters from `$first` on, and their values."""
        conditions: list[str] = []
        values: list[Any] = []
        for name, condition in _CONDITIONS.items():
            value = getattr(self, name)
            if value is not None and value != ():
                conditions.append(condition.format(f"${first + len(values)}"))
                values.append(value.first_day if isinstance(value, Month) else value)
        if self.payment_status and OPEN.issuperset(self.payment_status):
            # Says nothing new: it is in these words that the index of open orders can be used, whatever is asked for.
            conditions.append(_IS_OPEN)
        return conditions, values


OPEN: Final = frozenset({"pending", "overdue"})
_IS_OPEN: Final = "payment_status IN ('pending', 'overdue')"


# The same day as the overview's: that of the invoice, else of the order where the account is.
_DAY: Final = f"""coalesce(invoice_date, (created_at AT TIME ZONE (SELECT coalesce(
    (SELECT document->>'timezone' FROM settings WHERE account_id = $1), '{TIMEZONE}')))::date)"""
_CONDITIONS: Final = {
    "payment_status": "payment_status = ANY({}::text[])",
    "order_status": "order_status = ANY({}::text[])",
    "platform": "platform = {}::text",
    "customer_email": "lower(customer_email) = lower({}::text)",
    # Not LIKE: so % and _ and \ are characters like any other.
    "q": "strpos(search, lower({}::text)) > 0",
    "month": f"{_DAY} >= {{0}}::date AND {_DAY} < ({{0}}::date + interval '1 month')::date",
    "currency": "currency = {}::text",
    "due_from": "due_date >= {}::date",
    "due_before": "due_date < {}::date",
    "updated_since": "updated_at >= {}::timestamptz",
}


class Selection(Struct, frozen=True, kw_only=True):
    """Which orders, in which order, and which page of them."""

    filters: Filters = Filters()
    sort: Sort = NEWEST
    paging: Paging = Paging()

    def where(self, key: ApiKey) -> tuple[str, list[Any]]:
        """Return the WHERE and ORDER BY clauses and the values of their parameters."""
        values: list[Any] = [key.account, key.live]
        conditions, more = self.filters.conditions(len(values) + 1)
        values += more
        if self.paging.after is not None:
            condition, more = self.sort.after(self.paging.after, len(values) + 1)
            conditions.append(condition)
            values += more
        where = " AND ".join(["account_id = $1 AND livemode = $2", *conditions])
        return f"WHERE {where} {self.sort.order_by()}", values


def read_selection(parameters: Parameters, key: ApiKey, *, whole: bool = False) -> Selection:
    """Read what a request for a page of orders, or for the `whole` list, may say; raise 422 where it is wrong."""
    filters, sort = _read_filters(parameters), SORTS[parameters.choice("sort", SORTS) or NEWEST.word]
    paging = Paging()
    if not whole:
        paging = read_paging(parameters, ("orders", key.account, key.live, filters, sort.word), sort.place_type)
    parameters.finish()
    return Selection(filters=filters, sort=sort, paging=paging)


def _read_filters(parameters: Parameters) -> Filters:
    return Filters(
        payment_status=parameters.choices("paymentStatus", get_args(PaymentStatus)),
        order_status=parameters.choices("orderStatus", get_args(OrderStatus)),
        platform=parameters.text("platform", most=64),
        customer_email=parameters.text("customerEmail", most=254),
        q=parameters.text("q", most=200),
        month=parameters.month("month"),
        currency=parameters.currency("currency"),
        due_from=parameters.day("dueFrom"),
        due_before=parameters.day("dueBefore"),
        updated_since=parameters.moment("updatedSince"),
    )
