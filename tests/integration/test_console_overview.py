"""GET /api/v1/overview against a second computation of the same, in Python, from the orders that the API lists."""

import random
from collections import defaultdict
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from msgspec.structs import replace

from services.worker.store import Store
from shared.database import Database
from shared.orders.moments import to_microseconds
from shared.orders.money import decimals_of
from shared.versions import version_at
from tests.consoles import read, read_all
from tests.gateways import Client
from tests.submissions import submission
from tests.tenant import Tenant

AMSTERDAM = ZoneInfo("Europe/Amsterdam")
AUCKLAND = ZoneInfo("Pacific/Auckland")


@pytest.fixture
def store(database: Database) -> Store:
    return Store(database)


def at(moment: datetime, number: str, account: Tenant, **sets: Any) -> Any:
    """A submission that arrives, and becomes true, at a moment."""
    microseconds = to_microseconds(moment)
    made = submission(number, account=account.id, version=version_at(microseconds), **sets)
    return replace(made, received_at=microseconds)


def amounts(total: Any, currency: str | None) -> str:
    places = decimals_of(currency)
    shown = f"{Decimal(total).normalize():f}"
    whole, _, fraction = shown.partition(".")
    fraction = fraction.ljust(places, "0")
    return f"{whole}.{fraction}" if fraction else whole


def expected(
    orders: list[Any], paid_since: dict[str, datetime], overdue_since: dict[str, datetime], zone: ZoneInfo
) -> Any:
    """What PRODUCT.md says of an overview, computed with loops and Decimals."""
    months: dict[Any, dict[str, Any]] = defaultdict(lambda: defaultdict(Decimal))
    ages: dict[Any, dict[str, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    today = datetime.now(zone).date()
    for order in orders:
        if order["orderStatus"] == "cancelled":
            continue
        status, number = order["paymentStatus"], order["orderNumber"]
        total = Decimal(order["total"] or 0)
        given = None if order["amountPaid"] is None else Decimal(order["amountPaid"])
        created = datetime.fromisoformat(order["createdAt"]).astimezone(zone).date()
        day = date.fromisoformat(order["invoiceDate"]) if order["invoiceDate"] else created
        month = months[f"{day.year:04}-{day.month:02}", order["currency"]]
        month["count"] += 1
        if status == "refunded":
            month["refunded"] += total if given is None else given
            continue
        month["invoiced"] += total
        month["paid"] += total if status == "paid" and given is None else given or 0
        if status == "paid":
            month.setdefault("days", []).append((paid_since[number].astimezone(zone).date() - day).days)
        if status not in ("pending", "overdue") or order["total"] is None:
            continue
        due = Decimal(order["amountDue"])
        month["open"] += due
        if status == "overdue":
            month["overdue"] += due
        if order["dueDate"]:
            late = (today - date.fromisoformat(order["dueDate"])).days
            is_late = late > 0
        else:
            since = overdue_since.get(number)
            late = 0 if since is None else (today - since.astimezone(zone).date()).days
            is_late = since is not None
        if is_late and due:
            age = "0-30" if late <= 30 else "31-60" if late <= 60 else "61-90" if late <= 90 else "90+"
            ages[order["currency"]][age] += due

    def by_name(item: Any) -> Any:
        key = item[0]
        return key if isinstance(key, str | None) else (key[0], key[1] is None, key[1] or "")

    data = []
    for (name, currency), month in sorted(months.items(), key=by_name):
        days = month.get("days")
        average = Decimal(sum(days)) / len(days) if days else None
        data.append(
            {
                "month": name,
                "currency": currency,
                "count": int(month["count"]),
                **{
                    field: amounts(month[field], currency)
                    for field in ("invoiced", "paid", "open", "overdue", "refunded")
                },
                "averageDaysToPayment": None
                if average is None
                else float(average.quantize(Decimal("0.1"), ROUND_HALF_UP)),
            }
        )
    aging = [
        {
            "currency": currency,
            **{age: amounts(ages[currency][age], currency) for age in ("0-30", "31-60", "61-90", "90+")},
        }
        for currency in sorted(ages, key=lambda currency: (currency is None, currency or ""))
    ]
    return {"data": data, "aging": aging}


@pytest.mark.parametrize("zone", [AMSTERDAM, AUCKLAND])
@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_overview_equals_a_second_computation(
    console: Client, store: Store, database: Database, account: Tenant, zone: ZoneInfo, seed: int
) -> None:
    seeded = random.Random(seed)
    now = datetime.now(zone)
    batch: list[Any] = []
    paid_since: dict[str, datetime] = {}
    overdue_since: dict[str, datetime] = {}
    for index in range(150):
        number = f"N{index}"
        arrived = now - timedelta(minutes=seeded.randrange(400 * 24 * 60))
        currency = seeded.choice(["EUR", "EUR", "USD", "JPY", "BHD", None])
        places = decimals_of(currency)
        sets: dict[str, Any] = {"status": seeded.choice(["processing", "delivered", "cancelled"])}
        if currency:
            sets["currency"] = currency
        if seeded.random() < 0.9:
            sets["total"] = amounts(Decimal(seeded.randrange(-1000, 100_000)).scaleb(-places), "JPY")
        if seeded.random() < 0.5:
            sets["amountPaid"] = amounts(Decimal(seeded.randrange(0, 50_000)).scaleb(-places), "JPY")
        if seeded.random() < 0.6:
            sets["invoiceDate"] = str(arrived.date() - timedelta(days=seeded.randrange(40)))
        if seeded.random() < 0.6:
            sets["dueDate"] = str(now.date() - timedelta(days=seeded.randrange(-40, 200)))
        status = seeded.choice(["pending", "paid", "overdue", "refunded", None])
        if status is not None:
            sets["paymentStatus"] = "pending"
        batch.append(at(arrived, number, account, **sets))
        later = min(now, arrived + timedelta(minutes=seeded.randrange(1, 50_000)))
        if status == "paid":
            paid_since[number] = later
        if status == "overdue":
            overdue_since[number] = later
        if status in ("paid", "overdue", "refunded"):
            batch.append(at(later, number, account, status=sets["status"], paymentStatus=status))
    seeded.shuffle(batch)
    for first in range(0, len(batch), 50):
        await store.settle(batch[first : first + 50])
    async with database.transaction() as connection:
        await connection.execute("UPDATE settings SET document = jsonb_build_object('timezone', $1::text)", zone.key)
    orders = await read_all(console, "/orders", limit=500)
    first_month = f"{now.year - 2}-01"
    found = await read(console, "/overview", from_=first_month, to=f"{now.year + 1}-12")
    assert found == expected(orders, paid_since, overdue_since, zone)
    assert {"EUR", "USD", "JPY", "BHD", None} == {row["currency"] for row in found["data"]}


async def test_overview_of_the_seeds_invoice(console: Client, store: Store, account: Tenant) -> None:
    zone = AMSTERDAM
    sent = datetime(2026, 3, 1, 9, tzinfo=zone)
    paid = datetime(2026, 3, 11, 23, 30, tzinfo=zone)
    await store.settle(
        [
            at(sent, "1", account, total="2950", currency="EUR", paymentStatus="pending", invoiceDate="2026-03-01"),
            at(paid, "1", account, status="delivered", paymentStatus="paid", amountPaid="2950"),
        ]
    )
    found = await read(console, "/overview", from_="2026-03", to="2026-03")
    assert found == {
        "data": [
            {
                "month": "2026-03",
                "currency": "EUR",
                "count": 1,
                "invoiced": "2950.00",
                "paid": "2950.00",
                "open": "0.00",
                "overdue": "0.00",
                "refunded": "0.00",
                "averageDaysToPayment": 10.0,
            }
        ],
        "aging": [],
    }
    assert (await read(console, "/overview", from_="2026-04", to="2026-12"))["data"] == []


async def test_month_is_that_of_the_accounts_zone(console: Client, store: Store, account: Tenant) -> None:
    moment = datetime.fromisoformat("2026-03-31T22:30:00+00:00")  # April already in Amsterdam
    await store.settle([at(moment, "1", account, total="1", currency="EUR")])
    assert [row["month"] for row in (await read(console, "/overview", from_="2026-01", to="2026-12"))["data"]] == [
        "2026-04"
    ]


async def test_last_paid_run_counts(console: Client, store: Store, account: Tenant) -> None:
    day = datetime(2026, 3, 1, 12, tzinfo=AMSTERDAM)
    statuses = [(0, "pending"), (3, "paid"), (5, "pending"), (9, "paid"), (12, "paid")]
    batch = [
        at(
            day + timedelta(days=days),
            "1",
            account,
            paymentStatus=status,
            total="1",
            currency="EUR",
            invoiceDate="2026-03-01",
        )
        for days, status in statuses
    ]
    await store.settle(batch)
    (row,) = (await read(console, "/overview", from_="2026-03", to="2026-03"))["data"]
    assert row["averageDaysToPayment"] == 9.0


async def test_open_amounts_are_late_from_the_day_after_their_due_date(
    console: Client, store: Store, account: Tenant
) -> None:
    now = datetime.now(AMSTERDAM)
    late_days = {"a": 0, "b": 1, "c": 30, "d": 31, "e": 60, "f": 61, "g": 90, "h": 91, "i": -1}
    amounts_due = {number: 10**place for place, number in enumerate(late_days)}
    for number, days in late_days.items():
        due, total = str(now.date() - timedelta(days=days)), str(amounts_due[number])
        await store.settle(
            [submission(number, account=account.id, dueDate=due, total=total, currency="EUR", paymentStatus="pending")]
        )
    # Nobody named a due date: late from the moment of the first `overdue`, and not before.
    await store.settle(
        [
            at(now - timedelta(days=45), "k", account, total="0.01", currency="EUR", paymentStatus="overdue"),
            at(now - timedelta(days=3), "k", account, paymentStatus="pending"),
            at(now - timedelta(days=2), "k", account, paymentStatus="overdue"),
            at(now, "l", account, total="0.02", currency="EUR", paymentStatus="overdue"),
            at(now, "m", account, total="5", currency="EUR", paymentStatus="pending"),
            at(now, "n", account, total="5", currency="EUR", paymentStatus="paid", dueDate="2020-01-01"),
            at(
                now,
                "o",
                account,
                total="5",
                currency="EUR",
                paymentStatus="overdue",
                dueDate="2020-01-01",
                amountPaid="5",
            ),
            at(now, "p", account, paymentStatus="overdue", dueDate="2020-01-01"),
        ]
    )
    assert (await read(console, "/overview"))["aging"] == [
        {"currency": "EUR", "0-30": "110.02", "31-60": "11000.01", "61-90": "1100000.00", "90+": "10000000.00"}
    ]


async def test_twelve_months_unless_given_and_a_range_is_checked(
    console: Client, store: Store, account: Tenant
) -> None:
    this = datetime.now(AMSTERDAM).date().replace(day=15)
    for months in (0, 11, 12):
        year, index = divmod(this.year * 12 + this.month - 1 - months, 12)
        invoice = f"{year:04}-{index + 1:02}-15"
        await store.settle([submission(f"{months}", account=account.id, invoiceDate=invoice, total="1")])
    assert sum(row["count"] for row in (await read(console, "/overview"))["data"]) == 2
    until_now = (await read(console, "/overview", from_=f"{this.year - 1}-01"))["data"]
    assert sum(row["count"] for row in until_now) == 3
    for query, names in {
        "from=2026-13": ["/from"],
        "from=2026": ["/from"],
        "from=0000-01": ["/from"],
        "from=2026-02&to=2026-01": ["/to"],
        "from=2010-01&to=2026-01": ["/to"],
        "from=2026-01&from=2026-02": ["/from"],
        "month=2026-01": ["/month"],
        "from=x&to=y": ["/from", "/to"],
    }.items():
        answer = await console.get(f"/api/v1/overview?{query}")
        assert answer.status == 422, query
        assert [error["pointer"] for error in answer.document["errors"]] == names
    for query in ("from=9999-12", "to=0001-01", "from=9990-01&to=9999-12"):
        assert (await console.get(f"/api/v1/overview?{query}")).status == 200
