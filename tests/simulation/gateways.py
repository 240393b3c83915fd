"""Clients that retry, reuse keys and post out of order, through several gateways whose clocks disagree a little."""

from hashlib import sha256
from random import Random
from typing import Any, Final
from uuid import UUID

from msgspec import Struct, structs

from services.gateway.acceptance import accept
from services.gateway.clock import SharedClock
from shared.contracts import Submission
from shared.keys import ApiKey
from shared.orders.content import Content, Draft

START: Final = 1_790_000_000
ACCOUNT: Final = UUID(int=0xACC)
_ORDERS: Final = ("A", "A", "A", "B")
_PAYMENTS: Final = (None, None, "pending", "pending", "paid", "paid", "paid", "overdue", "refunded")
_STATUSES: Final = ("pending", "paid", "overdue", "refunded")
_PAUSES: Final = (0, 0, 0.000001, 0.2, 1, 60, 240, 540, 599.999999, 600, 600.000001, 1500)
_AMOUNTS: Final = (None, None, None, None, "0", "100", "50.5", "2950")
_NAMES: Final = (None, None, "De Groot", "Zoë")


class Request(Struct, frozen=True):
    """What a client posted, so that it can post it again."""

    draft: Draft
    idempotency_key: str | None


class Gateways:
    """Gateways that share one time, each as far off as the shared clock allows; group commit makes messages of many."""

    def __init__(self, random: Random, account: UUID = ACCOUNT) -> None:
        self._random = random
        self._key = ApiKey(UUID(int=0x1CE), account, True, "simulated", frozenset(), None, None, None)
        self._now = 0.0
        # Ids of histories never meet, whatever the seed draws: the rest of an id is the account's and a count.
        self._space = int.from_bytes(sha256(account.bytes).digest()[:12], "big") >> 12 << 12
        self._made = 0
        self._contested = 0
        self._past: list[Request] = []
        self._moments: list[int] = []
        self._clocks: list[SharedClock] = []
        for node in range(random.choice((1, 2, 3))):
            clock = SharedClock(node, lambda: self._now)
            slowness = random.choice((0.0, 0.0, 0.001, 0.4, 0.9))
            # The answer was read at any moment between the question and its arrival.
            read = random.uniform(-slowness, 0)
            clock.measure(-slowness, 0.0, int((START + read) * 1_000_000))
            self._clocks.append(clock)

    def messages(self, count: int) -> list[list[Submission]]:
        """Return about `count` submissions as the messages that the gateways publish."""
        gathered: list[list[Submission]] = [[] for _ in self._clocks]
        messages = []
        for _ in range(count):
            self._now += self._random.choice(_PAUSES)
            gateway = self._random.randrange(len(self._clocks))
            for _ in range(self._random.choice((1, 1, 1, 1, 2, 3))):
                gathered[gateway].append(self._accept(self._clocks[gateway], self._request()))
            if self._random.random() < 0.6:
                messages.append(gathered[gateway])
                gathered[gateway] = []
        return [*messages, *(rest for rest in gathered if rest)]

    def contested_key(self) -> list[list[Submission]]:
        """Return the messages of a request, of another under its key and of the first one again, the first one last.

        Arriving so, the first is rejected until the message comes that holds it under its lower version.
        """
        self._contested += 1
        key, clock = f"contested {self._contested}", self._random.choice(self._clocks)
        requests = []
        for name in ("De Groot", "Zoë"):
            sets = {"orderStatus": "processing", "customerName": name, "paymentStatus": self._random.choice(_STATUSES)}
            requests.append(Request(Draft("custom", self._random.choice(_ORDERS), Content(sets)), key))
        first, other = requests
        posted = []
        for request in (first, other, first):
            self._now += self._random.choice(_PAUSES)
            posted.append([self._accept(clock, request)])
        return [posted[1], posted[2], posted[0]]

    def _request(self) -> Request:
        choice = self._random.random()
        if self._past and choice < 0.30:  # again, as it was: with its key, or without one
            return self._random.choice(self._past[-6:])
        if self._past and choice < 0.40:  # the same without a key, or with one
            again = self._random.choice(self._past)
            return self._remember(Request(again.draft, self._idempotency_key()))
        return self._remember(Request(self._draft(), self._idempotency_key()))

    def _remember(self, request: Request) -> Request:
        self._past.append(request)
        return request

    def _idempotency_key(self) -> str | None:
        return self._random.choice((None, None, None, "k", "l"))

    def _draft(self) -> Draft:
        random = self._random
        sets: dict[str, Any] = {"orderStatus": random.choice(("processing", "processing", "delivered", "cancelled"))}
        named = {
            "paymentStatus": random.choice(_PAYMENTS),
            "amountPaid": random.choice(_AMOUNTS),
            "customerName": random.choice(_NAMES),
        }
        sets |= {name: value for name, value in named.items() if value is not None}
        clears = tuple(name for name in ("amountPaid", "customerName") if name not in sets and random.random() < 0.2)
        return Draft("custom", random.choice(_ORDERS), Content(sets, clears, self._occurred_at()))

    def _occurred_at(self) -> int | None:
        """Mostly none, else some moment up to half an hour ago, or one that another sender has named too."""
        choice = self._random.random()
        if choice < 0.65:
            return None
        if choice < 0.8 or not self._moments:
            ago = self._random.choice((0, 1, 60, 300, 1800))
            self._moments.append(int((START + self._now - ago) * 1_000_000))
            return self._moments[-1]
        return self._random.choice(self._moments)

    def _accept(self, clock: SharedClock, request: Request) -> Submission:
        made = accept(request.draft, self._key, clock, clock.now(), idempotency_key=request.idempotency_key, wait=False)
        if request.idempotency_key is not None:
            return made
        # A random id of the seed's, since it decides ties.
        self._made += 1
        return structs.replace(made, id=UUID(int=self._random.getrandbits(32) << 96 | self._space | self._made))
