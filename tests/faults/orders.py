"""The orders that the writer invents: many updates of a few, out of order, none equal to another but by retry."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any, Final

_STATUSES: Final = ("pending", "pending", "paid", "paid", "overdue", "refunded")
_AMOUNTS: Final = (None, None, "10.00", "500.00", "2950.00")


class Orders:
    """Invents updates; each order has a client of its own, whose address ends in `domain` (None: none is known)."""

    def __init__(self, random: Random, domain: str | None, *, count: int = 40, prefix: str = "INV") -> None:
        self._random = random
        self._domain = domain
        self._prefix = prefix
        self._count = count
        self._made = 0

    def update(self) -> dict[str, Any]:
        """Return an update of some order. Its metadata is its own, so that only a retry equals it."""
        random = self._random
        order = random.randrange(self._count)
        self._made += 1
        body: dict[str, Any] = {
            "platform": "custom",
            "orderNumber": f"{self._prefix}-{order}",
            "orderStatus": random.choice(("processing", "processing", "processing", "delivered", "cancelled")),
            "metadata": {"n": str(self._made)},
        }
        if random.random() < 0.8:
            body["paymentStatus"] = random.choice(_STATUSES)
        if random.random() < 0.7:
            body |= {**self._address(order), "customerName": f"Klant {order}", "total": "2950.00"}
            body |= {"currency": "EUR", "items": [{"name": "Ontwerp", "quantity": 1, "price": "2950.00"}]}
        amount = random.choice(_AMOUNTS)
        if amount is not None:
            body["amountPaid"] = amount
        if "customerName" not in body and random.random() < 0.1:
            body["clear"] = ["customerName"]
        if random.random() < 0.2:
            ago = timedelta(seconds=random.uniform(0, 1200))
            body["occurredAt"] = (datetime.now(UTC) - ago).isoformat(timespec="microseconds")
        return body

    def broken(self) -> dict[str, Any]:
        """Return an update that must be refused with 422."""
        return {**self.update(), "paymentStatus": "betaald", "total": "2.950,00"}

    def last_words(self) -> Sequence[dict[str, Any]]:
        """Return for each order an update that says: it is paid, and there is somebody to thank."""
        return [
            {
                "platform": "custom",
                "orderNumber": f"{self._prefix}-{order}",
                "orderStatus": "delivered",
                "paymentStatus": "paid",
                **self._address(order),
                "total": "2950.00",
                "currency": "EUR",
                "amountPaid": "2950.00",
                "metadata": {"n": "last"},
            }
            for order in range(self._count)
        ]

    def _address(self, order: int) -> dict[str, str]:
        return {"customerEmail": f"klant-{order}@{self._domain}"} if self._domain else {}
