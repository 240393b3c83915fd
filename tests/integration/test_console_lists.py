"""GET /api/v1/orders over real HTTP and real Postgres: what is listed, in which order, page after page."""

import random
from datetime import date, timedelta
from typing import Any
from urllib.parse import quote

import pytest
from msgspec.structs import replace

from services.console.accounts import Accounts
from services.console.cursors import write_cursor
from services.console.selection import Filters
from services.worker.store import Store
from shared.contracts import Submission
from shared.database import Database
from shared.orders.identity import Identity
from tests.consoles import known, read, read_all
from tests.gateways import Client
from tests.submissions import submission
from tests.tenant import Tenant


@pytest.fixture
def store(database: Database) -> Store:
    return Store(database)


def on(platform: str, original: Submission) -> Submission:
    identity = Identity(original.account, original.live, platform, original.order_number)
    return replace(original, platform=platform, order_id=identity.order_id())


def numbers(rows: list[Any]) -> list[str]:
    return [row["orderNumber"] for row in rows]


async def test_list_shows_whole_orders_the_newest_change_first(console: Client, store: Store, account: Tenant) -> None:
    for number in ("A", "B", "C"):
        await store.settle([submission(number, account=account.id, total="10", currency="EUR")])
    await store.settle([submission("A", account=account.id, minutes=1, paymentStatus="paid")])
    page = await read(console, "/orders")
    assert numbers(page["data"]) == ["A", "C", "B"]
    assert page["nextCursor"] is None
    one = await read(console, "/orders/custom/A")
    assert page["data"][0] == one["order"]
    assert one["order"]["total"] == "10.00"
    assert one["order"]["amountDue"] == "0.00"


async def test_filters_narrow_and_combine(console: Client, store: Store, account: Tenant) -> None:
    rows: dict[str, dict[str, Any]] = {
        "1": {"paymentStatus": "pending", "customerEmail": "Anna@Example.com", "dueDate": "2026-03-01"},
        "2": {"paymentStatus": "overdue", "customerEmail": "anna@example.com", "dueDate": "2026-03-02"},
        "3": {"paymentStatus": "paid", "status": "delivered", "dueDate": "2026-03-03"},
        "4": {"status": "cancelled"},
    }
    await store.settle([submission(number, account=account.id, **sets) for number, sets in rows.items()])
    await store.settle([on("moneybird", submission("5", account=account.id, paymentStatus="pending"))])

    async def found(**parameters: Any) -> set[str]:
        return set(numbers(await read_all(console, "/orders", **parameters)))

    assert await found() == {"1", "2", "3", "4", "5"}
    assert await found(paymentStatus="pending") == {"1", "5"}
    assert await found(paymentStatus="pending,overdue") == {"1", "2", "5"}
    assert await found(orderStatus="cancelled") == {"4"}
    assert await found(platform="moneybird") == {"5"}
    assert await found(customerEmail="ANNA@example.com") == {"1", "2"}
    assert await found(dueBefore="2026-03-02") == {"1"}
    assert await found(dueBefore="2026-03-03", paymentStatus="overdue") == {"2"}
    assert await found(dueFrom="2026-03-02", dueBefore="2026-03-03") == {"2"}
    assert await found(platform="nowhere") == set()


async def test_month_and_currency_narrow_as_the_overview_counts(
    console: Client, store: Store, account: Tenant, database: Database
) -> None:
    # The tests' time begins on 21 September; 13,480 minutes later it is October in Amsterdam, and not yet in UTC.
    rows: tuple[tuple[str, float, dict[str, Any]], ...] = (
        ("by its date", 0, {"invoiceDate": "2026-10-31", "currency": "EUR"}),
        ("first of October", 0, {"invoiceDate": "2026-10-01", "currency": "USD"}),
        ("first of November", 0, {"invoiceDate": "2026-11-01", "currency": "EUR"}),
        ("October in Amsterdam", 13_480, {"currency": "EUR"}),
        ("September", 0, {}),
    )
    for number, minutes, more in rows:
        await store.settle([submission(number, account=account.id, minutes=minutes, total="1", **more)])

    async def found(**filters: Any) -> set[str]:
        return set(numbers(await read_all(console, "/orders", **filters)))

    october = {"by its date", "first of October", "October in Amsterdam"}
    assert await found(month="2026-10") == october
    assert await found(month="2026-10", currency="EUR") == october - {"first of October"}
    assert await found(month="2026-09") == {"September"}
    for row in (await read(console, "/overview", from_="2026-09", to="2026-11"))["data"]:
        wanted: dict[str, Any] = {"month": row["month"], **({"currency": row["currency"]} if row["currency"] else {})}
        if row["currency"] is not None:
            assert len(await found(**wanted)) == row["count"], row
    for wrong in ("month=2026-13", "month=October", "currency=eur", "currency=EURO", "dueFrom=soon"):
        assert (await console.get(f"/api/v1/orders?{wrong}")).status == 422, wrong
    # An account may lie elsewhere.
    async with database.transaction() as connection:
        await connection.execute('UPDATE settings SET document = \'{"timezone": "UTC"}\'')
    assert await found(month="2026-10") == october - {"October in Amsterdam"}


async def test_updated_since_is_inclusive_to_the_microsecond(console: Client, store: Store, account: Tenant) -> None:
    await store.settle([submission("1", account=account.id)])
    await store.settle([submission("2", account=account.id)])
    newer, older = (row["updatedAt"] for row in (await read(console, "/orders"))["data"])
    assert numbers(await read_all(console, "/orders", updatedSince=newer)) == ["2"]
    assert numbers(await read_all(console, "/orders", updatedSince=older)) == ["2", "1"]
    # An offset whose + was not escaped arrives as a space.
    plus = newer.replace("Z", "+00:00")
    assert numbers((await console.get(f"/api/v1/orders?updatedSince={plus}")).document["data"]) == ["2"]


async def test_q_finds_parts_ignoring_case_and_takes_wildcards_for_themselves(
    console: Client, store: Store, account: Tenant
) -> None:
    await store.settle(
        [
            submission("INV-2026-1", account=account.id),
            submission("B", account=account.id, invoiceNumber="Factuur 7"),
            submission("C", account=account.id, customerName="Architectenbureau De Groot"),
            submission("D", account=account.id, customerEmail="klant@bedrijf.nl"),
            submission("E", account=account.id, customerName="ÉLAN bv"),
            submission("100%", account=account.id),
            submission("a_b", account=account.id),
            submission("x\\y", account=account.id),
        ]
    )
    for q, found in {
        "inv-2026": {"INV-2026-1"},
        "FACTUUR": {"B"},
        "de groot": {"C"},
        "KLANT@": {"D"},
        "élan": {"E"},
        "ÉLAN": {"E"},
        "%": {"100%"},
        "_": {"a_b"},
        "\\": {"x\\y"},
        "zzz": set[str](),
    }.items():
        assert set(numbers(await read_all(console, "/orders", q=q))) == found, q


async def test_q_never_matches_across_two_fields(console: Client, store: Store, account: Tenant) -> None:
    await store.settle([submission("AB", account=account.id, invoiceNumber="CD")])
    assert await read_all(console, "/orders", q="BC") == []
    assert (await console.get("/api/v1/orders?q=b%0Ac")).status == 422


async def test_each_order_stands_once_in_its_place_whatever_the_pages_nulls_last(
    console: Client, store: Store, account: Tenant
) -> None:
    seeded = random.Random(7)
    batch = []
    for number in range(40):
        sets: dict[str, Any] = {}
        if seeded.random() < 0.7:
            sets["dueDate"] = str(date(2026, 1, 1) + timedelta(days=seeded.randrange(5)))
        if seeded.random() < 0.7:
            sets["total"] = seeded.choice(["-7", "0", "9", "10", "100.5", "1000"])
        batch.append(submission(f"N{seeded.randrange(10**6)}-{number}", account=account.id, **sets))
    for first in range(0, 40, 8):
        await store.settle(batch[first : first + 8])
    for name in ("updatedAt", "createdAt", "dueDate", "total", "orderNumber"):
        for sign in ("", "-"):
            rows = await read_all(console, "/orders", sort=sign + name, limit=7)
            assert len({row["id"] for row in rows}) == len(rows) == 40
            values = [float(row[name]) if name == "total" and row[name] else row[name] for row in rows]
            known_values = [value for value in values if value is not None]
            assert known_values == sorted(known_values, reverse=bool(sign)), sign + name
            assert values == known_values + [None] * (len(values) - len(known_values))
            assert (len(known_values) < 40) is (name in ("dueDate", "total"))


async def test_pages_stay_stable_while_rows_change(console: Client, store: Store, account: Tenant) -> None:
    everyone = [f"{number:03}" for number in range(60)]
    await store.settle([submission(number, account=account.id) for number in everyone])
    seen: list[str] = []
    cursor: dict[str, Any] = {}
    for turn in range(20):
        page = await read(console, "/orders", sort="orderNumber", limit=7, **cursor)
        seen += numbers(page["data"])
        if page["nextCursor"] is None:
            break
        cursor = {"cursor": page["nextCursor"]}
        # Rows that were shown change, and new ones come before and after the place where the reader is.
        changed = [submission(number, account=account.id, minutes=turn + 1, total=str(turn)) for number in seen[-7:]]
        born = [submission(f"00{turn}-x", account=account.id), submission(f"zz{turn}", account=account.id)]
        await store.settle([*changed, *born])
    assert len(seen) == len(set(seen))
    assert set(everyone) <= set(seen)


async def test_whoever_reads_by_updated_at_upwards_sees_every_change(
    console: Client, store: Store, account: Tenant
) -> None:
    await store.settle([submission(f"{number:03}", account=account.id) for number in range(30)])
    seen: dict[str, str] = {}
    cursor: dict[str, Any] = {}
    for turn in range(40):
        page = await read(console, "/orders", sort="updatedAt", limit=5, **cursor)
        seen |= {row["orderNumber"]: row["updatedAt"] for row in page["data"]}
        if page["nextCursor"] is None:
            break
        cursor = {"cursor": page["nextCursor"]}
        if turn < 5:
            await store.settle([submission(f"{turn:03}", account=account.id, minutes=1, total=str(turn))])
    assert seen == {row["orderNumber"]: row["updatedAt"] for row in await read_all(console, "/orders")}


async def test_limit_is_50_unless_given_and_500_at_most(console: Client, store: Store, account: Tenant) -> None:
    await store.settle([submission(f"{number:04}", account=account.id) for number in range(501)])
    page = await read(console, "/orders")
    assert len(page["data"]) == 50
    assert page["nextCursor"]
    page = await read(console, "/orders", limit=500)
    assert len(page["data"]) == 500
    assert len((await read(console, "/orders", limit=500, cursor=page["nextCursor"]))["data"]) == 1
    assert (await console.get("/api/v1/orders?limit=501")).status == 422


async def test_page_of_huge_orders_ends_early_and_goes_on(console: Client, store: Store, account: Tenant) -> None:
    items = [{"name": "x" * 300, "quantity": "1", "price": "1"}] * 500
    for number in range(60):
        await store.settle([submission(f"{number:02}", account=account.id, items=items)])
    page = await read(console, "/orders", limit=500, sort="orderNumber")
    assert 10 < len(page["data"]) < 60
    assert numbers(await read_all(console, "/orders", limit=500, sort="orderNumber")) == [f"{n:02}" for n in range(60)]


async def test_wrong_parameters_are_all_named(console: Client) -> None:
    answer = await console.get("/api/v1/orders?limit=0&sort=x&paymentstatus=paid&q=%00&cursor=x&platform=a&platform=b")
    assert answer.status == 422
    assert answer.is_problem()
    errors = {error["pointer"]: error["message"] for error in answer.document["errors"]}
    assert set(errors) == {"/limit", "/sort", "/paymentstatus", "/q", "/cursor", "/platform"}
    assert "did you mean paymentStatus?" in errors["/paymentstatus"]
    assert answer.document["code"] == "invalid_parameter"


async def test_bytes_that_are_no_utf_8_find_nothing(console: Client) -> None:
    assert await read_all(console, "/orders?q=%FF%FE&platform=%ED%A0%80") == []


async def test_cursor_of_another_list_is_refused(
    console: Client, store: Store, account: Tenant, accounts: Accounts
) -> None:
    await store.settle([submission(f"{number}", account=account.id, total="1") for number in range(3)])
    await store.settle([submission(f"{number}", account=account.id, total="1", live=False) for number in range(3)])
    cursor = (await read(console, "/orders", limit=1))["nextCursor"]
    assert len((await read(console, "/orders", limit=2, cursor=cursor))["data"]) == 2

    async def status(key: str | None = None, **parameters: str) -> int:
        query = "&".join(f"{name}={quote(value)}" for name, value in parameters.items())
        return (await console.get(f"/api/v1/orders?{query}", key)).status

    assert await status(cursor=cursor, sort="total") == 422
    assert await status(cursor=cursor, sort="updatedAt") == 422
    assert await status(cursor=cursor, q="1") == 422
    assert await status(cursor=cursor, key=account.test.key) == 422
    assert await status(cursor=cursor[:-2] + ("AA" if cursor[-2:] != "AA" else "BB")) == 422
    assert await status(cursor=cursor + "A") == 422
    history = await console.get(f"/api/v1/orders/custom/1/history?cursor={cursor}")
    assert history.status == 422


@pytest.mark.parametrize(("sort", "place"), [("orderNumber", "a\0b"), ("total", "1E-20000"), ("total", "1E+999999")])
async def test_cursor_put_together_by_hand_is_no_failure_of_ours(
    console: Client, account: Tenant, sort: str, place: str
) -> None:
    cursor = write_cursor(("orders", account.id, True, Filters(), sort), (place, str(account.id)))
    answer = await console.get(f"/api/v1/orders?sort={sort}&cursor={cursor}")
    assert (answer.status, answer.document["code"]) == (422, "invalid_input")


async def test_keys_of_some_platforms_see_only_these(
    console: Client, store: Store, account: Tenant, accounts: Accounts
) -> None:
    mine = on("moneybird", submission("1", account=account.id, total="5", currency="EUR"))
    other = submission("1", account=account.id, total="7", currency="EUR")
    await store.settle([mine, other])
    made = await accounts.create_key(
        account.id, live=True, name="one platform", scopes=["orders:read"], platforms=["moneybird", "exact"]
    )
    none = await accounts.create_key(account.id, live=True, name="none", scopes=["orders:read"], platforms=[])
    await known(console, made.key, none.key)
    assert [row["platform"] for row in await read_all(console, "/orders", made.key)] == ["moneybird"]
    assert await read_all(console, "/orders", none.key) == []
    assert await read_all(console, "/orders", made.key, platform="custom") == []
    overview = await read(console, "/overview", made.key, from_="2026-01", to="2027-12")
    assert [month["invoiced"] for month in overview["data"]] == ["5.00"]
    for path in ("/orders/custom/1", "/orders/custom/1/history", "/orders/custom/1/notifications"):
        answer = await console.get(f"/api/v1{path}", made.key)
        assert (answer.status, answer.document["code"]) == (403, "platform_not_allowed")
    assert (await console.get(f"/api/v1/receipts/{mine.id}", made.key)).status == 200
    assert (await console.get(f"/api/v1/receipts/{other.id}", made.key)).status == 404
    lines = (await console.get("/api/v1/orders.csv", made.key)).body.splitlines()
    assert len(lines) == 2


async def test_live_and_test_are_two_worlds(console: Client, store: Store, account: Tenant) -> None:
    await store.settle([submission("live", account=account.id), submission("test", account=account.id, live=False)])
    assert numbers(await read_all(console, "/orders")) == ["live"]
    assert numbers(await read_all(console, "/orders", account.test.key)) == ["test"]
    assert (await console.get("/api/v1/orders/custom/live", account.test.key)).status == 404


async def test_head_answers_as_get_without_a_body(console: Client, store: Store, account: Tenant) -> None:
    await store.settle([submission("1", account=account.id)])
    for path in ("/orders", "/orders/custom/1", "/orders.csv", "/overview", "/settings", "/orders/custom/1/history"):
        answer = await console.ask("HEAD", f"/api/v1{path}", headers={"X-API-Key": console.key})
        assert (answer.status, answer.body) == (200, b""), path


@pytest.mark.parametrize("number", ["2026/042", "{2026}", "50%2F", "a?b#c", "é&;=+ x"])
async def test_any_order_number_is_found_when_it_is_escaped(
    console: Client, store: Store, account: Tenant, number: str
) -> None:
    await store.settle([submission(number, account=account.id)])
    path = f"/orders/custom/{quote(number, safe='')}"
    assert (await read(console, path))["order"]["orderNumber"] == number
    assert len((await read(console, f"{path}/history"))["data"]) == 1


async def test_names_that_no_order_can_have_are_not_found(console: Client) -> None:
    for name in ("%00", "%FF", "%ED%A0%80", "none"):
        answer = await console.get(f"/api/v1/orders/custom/{name}")
        assert (answer.status, answer.document["code"]) == (404, "order_not_found")
