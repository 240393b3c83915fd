"""What the doctor asks of RabbitMQ: over AMQP what that tells, and over its management API where one is named."""

from collections.abc import AsyncIterator, Mapping
from typing import Any, Final
from urllib.parse import quote

import aiohttp
from yarl import URL

from services.cli.doctor.finding import Finding, judged
from shared.errors import BrokerUnavailable
from shared.examination import BrokerSeen, QueueSeen, examine
from shared.topology import NOTIFIED_EVENTS, Names, dead_letters_of

OLDEST: Final = (3, 10)
_SLOW_SECONDS: Final = 0.5
_NAME_IT: Final = "Name it: --management http://user:password@host:15672"
_DROPPING: Final = frozenset({"message-ttl", "expires", "max-length", "max-length-bytes"})
"""What makes a queue lose messages, set by whichever policy."""


async def examine_rabbitmq(url: str, names: Names, management: str | None) -> AsyncIterator[Finding]:
    """Yield what is found."""
    try:
        seen = await examine(url, names)
    except BrokerUnavailable as error:
        yield Finding("rabbitmq", "failed", str(error), "Start it, or mend BUGALOU_AMQP_URL; orders are refused (503).")
        return
    yield _version(seen)
    confirmed = seen.confirm_seconds
    yield judged(
        "publishing",
        "no confirm came" if confirmed is None else f"a message was confirmed in {confirmed * 1000:.0f} ms",
        failed="RabbitMQ blocks publishers: look for a memory or disk alarm." if confirmed is None else "",
        warning="RabbitMQ is slow: look at its disk." if confirmed is not None and confirmed > _SLOW_SECONDS else "",
    )
    for name, queue in seen.queues.items():
        yield _queue(name, queue, is_dead=name in map(dead_letters_of, (names.submissions, names.notifications)))
    if management is None:
        yield Finding("bindings and policies", "unknown", "only the management API shows them", _NAME_IT)
        return
    async for finding in _examine_management(URL(management), URL(url.split(",")[0]), names):
        yield finding


def _version(seen: BrokerSeen) -> Finding:
    numbers = tuple(int(part) for part in seen.version.split(".")[:2] if part.isdigit())
    return judged(
        "rabbitmq version",
        f"RabbitMQ {seen.version}",
        failed="" if numbers >= OLDEST else "RabbitMQ 3.10 is the oldest that works: upgrade.",
    )


def _queue(name: str, queue: QueueSeen | None, *, is_dead: bool) -> Finding:
    check = f"queue {name}"
    if queue is None:
        return Finding(check, "failed", "it does not exist", "Start any service: each declares all of them.")
    says = f"{queue.messages} wait, {queue.consumers} consume"
    if not queue.fits:
        do = "Arguments cannot be changed: drain it, delete it, and start the services, which declare it anew."
        return Finding(check, "failed", f"{says}; it has other arguments than it should", do)
    idle = f"Nothing takes from it: is a {'worker' if is_dead or 'submissions' in name else 'notifier'} running?"
    return judged(check, says, failed="" if queue.consumers else idle)


async def _examine_management(management: URL, broker: URL, names: Names) -> AsyncIterator[Finding]:
    user, password = management.user or broker.user or "", management.password or broker.password or ""
    headers = {"Authorization": aiohttp.encode_basic_auth(user, password)}
    base = management.with_user(None)
    vhost = quote(broker.path.removeprefix("/") or "/", safe="")
    timeout = aiohttp.ClientTimeout(total=10)
    try:
        async with aiohttp.ClientSession(headers=headers, timeout=timeout) as session:

            async def get(path: str) -> Any:
                async with session.get(URL(f"{str(base).rstrip('/')}/api/{path}", encoded=True)) as response:
                    response.raise_for_status()
                    return await response.json()

            bound = await get(f"bindings/{vhost}/e/{quote(names.events, safe='')}/q/{quote(names.notifications)}")
            yield _bindings({binding["routing_key"] for binding in bound})
            for queue in (names.submissions, names.notifications):
                yield _policy(queue, await get(f"queues/{vhost}/{quote(queue, safe='')}"))
            for node in await get("nodes"):
                yield _node(node)
    except (aiohttp.ClientError, TimeoutError, ValueError, KeyError) as error:
        yield Finding("bindings and policies", "failed", f"no answer ({type(error).__name__})", "Mend --management.")


def _bindings(found: set[str]) -> Finding:
    missing = ", ".join(sorted({f"{event_type}.*" for event_type in NOTIFIED_EVENTS} - found))
    return judged(
        "bindings",
        f"missing: {missing}" if missing else "the notifier's queue gets every event that it acts on",
        failed="Clients would not be told: start any service, which binds them anew." if missing else "",
    )


def _policy(name: str, queue: Mapping[str, Any]) -> Finding:
    policy = queue.get("effective_policy_definition") or {}
    dropping = sorted(_DROPPING & set(policy))
    return judged(
        f"policy of {name}",
        f"{queue.get('policy')}: {', '.join(sorted(policy))}" if policy else "none",
        failed=f"{', '.join(dropping)} can drop what was accepted: take it out of the policy." if dropping else "",
    )


def _node(node: Mapping[str, Any]) -> Finding:
    alarms = [name for name in ("mem_alarm", "disk_free_alarm") if node.get(name)]
    partitions = node.get("partitions") or []
    says = f"{node.get('disk_free', 0) / 1024**3:,.1f} GiB of disk are free"
    if partitions:
        says += f"; it does not see {', '.join(partitions)}"
    return judged(
        f"node {node.get('name')}",
        f"{says}; {' and '.join(alarms)}" if alarms else says,
        failed="Publishers are blocked until there is room, and nodes see each other." if alarms or partitions else "",
    )
