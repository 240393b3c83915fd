"""From what is due to what came of it: looks, chooses fairly, claims, signs, posts, records.

Nothing here polls faster than it must: when a look found nothing more that could begin, the next is at the moment when
the next delivery falls due, when an attempt ends, when Postgres notifies, or at the sweep.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import Final, Protocol, TypeVar
from uuid import UUID

from services.notifier.webhooks.choice import Limits, Underway, choose
from services.notifier.webhooks.claims import START, Look
from services.notifier.webhooks.delivery import Candidate, Claimed, Reply
from services.notifier.webhooks.schedule import Verdict, judge
from services.notifier.webhooks.signing import signed_headers
from shared.errors import DatabaseUnavailable, SecretsUnavailable
from shared.failpoints import Point, reach
from shared.metrics import DELIVERIES, DELIVERY_SECONDS, HANDOVER_SECONDS
from shared.secrets import Secrets
from shared.telemetry import log
from shared.traces import child, of_event
from shared.waits import wait_for

T = TypeVar("T")
CHANNEL: Final = "webhook"
RETRY_SECONDS: Final = 1.0
_SOONEST_SECONDS: Final = 0.01
_GATHER_SECONDS: Final = 0.02
"""In a stream of deliveries, so long for places to come free: one look then fills several."""
_UNSEALABLE_SECONDS: Final = 60.0
"""How long a delivery waits whose secret cannot be opened: the operator's to mend, and nobody's attempt."""
STOP_SECONDS: Final = 4.0
"""How long attempts that are under way may still take once this process is told to stop; the rest is given back."""


class ClaimsDue(Protocol):
    """Finds and claims what is due."""

    async def look(self, after: UUID, full: Sequence[UUID], most_each: int) -> Look:
        """Return what could be claimed."""
        ...

    async def claim(self, chosen: Sequence[Candidate]) -> list[Claimed]:
        """Claim some of it."""
        ...


class RecordsAttempts(Protocol):
    """Records how attempts end."""

    async def finish(self, claimed: Claimed, reply: Reply, verdict: Verdict) -> bool:
        """Record one; False where another notifier has taken over."""
        ...

    async def release(self, claimed: Claimed, pause_seconds: float) -> None:
        """Give one back that does not count."""
        ...


class Posts(Protocol):
    """Hands bodies to endpoints."""

    async def post(self, url: str, headers: Mapping[str, str], body: bytes) -> Reply:
        """Post one; whatever goes wrong is a reply too."""
        ...

    async def close(self) -> None:
        """Close every connection."""
        ...


class WebhookDispatcher:
    """Delivers to webhooks, within `limits` at once; a component. Any number may run."""

    def __init__(
        self,
        claims: ClaimsDue,
        records: RecordsAttempts,
        endpoints: Posts,
        secrets: Secrets,
        *,
        limits: Limits,
        sweep_seconds: float,
        lease_seconds: float,
        clock: Callable[[], datetime],
    ) -> None:
        """Take what does the parts of it; `clock` gives the time in UTC that a signature names."""
        self._claims = claims
        self._records = records
        self._endpoints = endpoints
        self._secrets = secrets
        self._limits = limits
        self._sweep_seconds = sweep_seconds
        self._lease_seconds = lease_seconds
        self._clock = clock
        self._underway = Underway()
        self._woken = asyncio.Event()
        self._stopping = asyncio.Event()
        self._cut = asyncio.Event()

    def wake(self) -> None:
        """Look now."""
        self._woken.set()

    def stop(self) -> None:
        """Claim no more, give what is under way a few seconds, and end."""
        if not self._stopping.is_set():
            self._stopping.set()
            self._woken.set()
            asyncio.get_running_loop().call_later(STOP_SECONDS, self._cut.set)

    async def run(self) -> None:
        """Deliver until stopped."""
        try:
            async with asyncio.TaskGroup() as group:
                while not self._stopping.is_set():
                    try:
                        await self._round(group)
                    except DatabaseUnavailable as error:
                        log.warning("notifier.waiting", channel=CHANNEL, reason=str(error))
                        await wait_for(self._stopping, RETRY_SECONDS)
        finally:
            await self._endpoints.close()

    async def _round(self, group: asyncio.TaskGroup) -> None:
        """Go once through all webhooks, begin what may begin, and wait where there was nothing of that."""
        self._woken.clear()
        after, begun, next_due = START, 0, self._sweep_seconds
        while not self._stopping.is_set() and self._underway.total < self._limits.total:
            look = await self._claims.look(after, self._underway.full(self._limits), self._limits.webhook)
            chosen = choose(look.candidates, self._underway, self._limits)
            before = self._now()
            for claimed in await self._claims.claim(chosen):
                self._underway.begin(claimed.webhook, claimed.account, is_slow=claimed.is_slow)
                group.create_task(self._attempt(claimed, before + self._lease_seconds))
                begun += 1
            waiting = [one.due_in_seconds for one in look.candidates if one.due_in_seconds > 0]
            next_due = min([next_due, *waiting])
            after = look.after
            if after == START:
                break
        if begun:
            await wait_for(self._stopping, _GATHER_SECONDS)
        else:
            await wait_for(self._woken, max(next_due, _SOONEST_SECONDS))

    async def _attempt(self, claimed: Claimed, lease_ends: float) -> None:
        try:
            await reach(Point.NOTIFIER_CLAIMED, (CHANNEL,))
            # A process that was suspended meanwhile may have lost its claim to another.
            if self._now() >= lease_ends:
                log.warning("webhook.claim_lost", webhook=str(claimed.webhook), event_id=str(claimed.event))
                return
            try:
                secrets = [self._secrets.open(sealed) for sealed in claimed.secrets]
            except SecretsUnavailable as error:
                log.error("webhook.unsealable", webhook=str(claimed.webhook), reason=str(error))
                await _patiently(lambda: self._records.release(claimed, _UNSEALABLE_SECONDS))
                return
            with child(f"send {CHANNEL}", of_event(claimed.body), kind="client"):
                reply = await self._post(claimed, secrets)
            if reply is None:
                await _patiently(lambda: self._records.release(claimed, 0.0))
                return
            await reach(Point.NOTIFIER_DELIVERED, (CHANNEL,))
            await self._record(claimed, reply)
        except Exception as error:
            # A mistake of ours: once its claim has run out, it is tried again, perhaps by a mended version.
            log.error("webhook.broken", webhook=str(claimed.webhook), event_id=str(claimed.event), exc_info=error)
        finally:
            self._underway.end(claimed.webhook, claimed.account, is_slow=claimed.is_slow)
            self._woken.set()

    async def _post(self, claimed: Claimed, secrets: Sequence[str]) -> Reply | None:
        """Return what the endpoint answered, or None where this process had to stop before."""
        headers = signed_headers(claimed.event, secrets, claimed.body, self._clock())
        posting = asyncio.ensure_future(self._endpoints.post(claimed.url, headers, claimed.body))
        cut = asyncio.ensure_future(self._cut.wait())
        try:
            await asyncio.wait((posting, cut), return_when=asyncio.FIRST_COMPLETED)
            return posting.result() if posting.done() else None
        finally:
            posting.cancel()
            cut.cancel()

    async def _record(self, claimed: Claimed, reply: Reply) -> None:
        verdict = judge(reply, claimed.number, self._clock(), random.random())  # noqa: S311  # spreads, guards nothing
        is_ours = await _patiently(lambda: self._records.finish(claimed, reply, verdict))
        DELIVERIES.labels(CHANNEL, verdict.outcome).inc()
        DELIVERY_SECONDS.labels(CHANNEL).observe(reply.milliseconds / 1000)
        if verdict.outcome == "delivered":
            HANDOVER_SECONDS.labels(CHANNEL).observe(claimed.lag_seconds)
        log.info(
            "webhook.attempted",
            webhook=str(claimed.webhook),
            event_id=str(claimed.event),
            attempt=claimed.number,
            status=reply.status,
            reason=verdict.reason,
            milliseconds=reply.milliseconds,
            outcome=verdict.outcome if is_ours else "taken_over",
        )

    @staticmethod
    def _now() -> float:
        return asyncio.get_running_loop().time()


async def _patiently(write: Callable[[], Awaitable[T]]) -> T:
    """Write, however long Postgres is away: what is not recorded is sent again when the claim runs out."""
    while True:
        try:
            return await write()
        except DatabaseUnavailable as error:
            log.warning("notifier.waiting", channel=CHANNEL, reason=str(error))
            await asyncio.sleep(RETRY_SECONDS)
