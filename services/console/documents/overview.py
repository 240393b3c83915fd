"""What the console answers about money: by month and currency, and what is open by age."""

from typing import Annotated

from msgspec import Meta, Struct, field

from shared.orders.documents import Money


class MonthOfOverview(Struct, frozen=True, rename="camel"):
    """A month in one currency; null is that of orders without one."""

    month: Annotated[str, Meta(pattern="^[0-9]{4}-[0-9]{2}$")]
    currency: str | None
    count: int
    invoiced: Money
    paid: Money
    open: Money
    overdue: Money
    refunded: Money
    average_days_to_payment: float | None


class Aging(Struct, frozen=True):
    """What is open in one currency, by how many days it is late."""

    currency: str | None
    to_30: Money = field(name="0-30")
    to_60: Money = field(name="31-60")
    to_90: Money = field(name="61-90")
    older: Money = field(name="90+")


class Overview(Struct, frozen=True):
    """What an account has invoiced, was paid, and has open."""

    data: list[MonthOfOverview]
    aging: list[Aging]
