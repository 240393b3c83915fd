"""Tells whether what a stack has kept is what its clients were promised, by the writer's journal and the model alone.

lost      an accepted order that is not in the history, a run that nothing tells of, an event that never left or never
          came to a webhook that wants it, a paid client who is not thanked
wrong     a content or version other than was accepted, a row that is not its history's fold, something stored that
          nobody sent, an answer that no client should see, a hang, a webhook's event that is unsigned or another's
doubled   an order stored twice, a run told twice, a client thanked twice for one

Runs and the events of them are held to be the same, one for one, and each event to be in the outbox once. What is
promised at least once, under a stable id, is counted by its ids: what consumers and webhooks are handed, and the steps
of a ladder, which the relay tells anew with each update of the order until the notifier has planned them.
"""

import email
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Final
from uuid import UUID

import msgspec
from msgspec import Struct, field

from shared.contracts import Event, Submission
from shared.orders.content import Content
from shared.orders.validation import read_order
from tests.faults.endpoints import Subscription
from tests.faults.history import Contents
from tests.faults.journal import Answered, Entry, GaveUp, Receipt, Sent, Unanswered
from tests.simulation.checks import CREATED, UPDATED, Discrepancy, check_rows
from tests.simulation.model import Ledger, Order, order_of

ANSWERS: Final = frozenset({200, 201, 202, 422, 429, 503})
"""Every status that a client may see here; 422 where it sent something broken, and there alone."""

REMINDER: Final = "reminder.due"

_CLOCKS_DIFFER_SECONDS: Final = 1.1
"""Each gateway's clock may be half a second off."""


class Findings(Struct):
    """What is amiss."""

    lost: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.lost or self.wrong or self.doubled)

    def __str__(self) -> str:
        groups = (("lost", self.lost), ("wrong", self.wrong), ("doubled", self.doubled))
        return "\n".join(f"{name}: {one}" for name, found in groups for one in found[:8]) or "nothing amiss"


class Promise(Struct, frozen=True):
    """What one order in one accepted request was promised."""

    receipt: Receipt
    number: str
    content: Content
    keyed: bool


class Account(Struct):
    """The journal, sorted out."""

    promises: list[Promise] = field(default_factory=list)
    unanswered: Counter[tuple[str, bytes, bool]] = field(default_factory=Counter)
    """Orders that were sent and not answered, or answered 503: the broker may hold them. By number and content."""
    sent_again: set[tuple[str, bytes]] = field(default_factory=set)
    statuses: Counter[int] = field(default_factory=Counter)
    hung: int = 0
    findings: Findings = field(default_factory=Findings)


class Tolerance(Struct, frozen=True):
    """What a scenario makes unavoidable: requests that hang (their gateway stands still), a second copy of a mail."""

    hangs: bool = False
    mail_twice: bool = False
    failures: frozenset[str] = frozenset()


def sort_out(entries: Iterable[Entry], tolerance: Tolerance) -> Account:
    """Return what the clients were promised, and what they had to see that they never should."""
    account = Account()
    sent: dict[int, Sent] = {}
    tried: Counter[tuple[str, bytes]] = Counter()
    for entry in entries:
        match entry:
            case Sent():
                sent[entry.attempt] = entry
            case GaveUp():
                account.findings.lost.append(f"attempt {entry.attempt}: the client had to give up")
            case Unanswered():
                account.hung += entry.hung
                if entry.hung and not tolerance.hangs:
                    account.findings.wrong.append(f"attempt {entry.attempt}: no answer within {entry.seconds:.1f} s")
            case Answered():
                account.statuses[entry.status] += 1
                expected = ANSWERS if sent[entry.attempt].broken else ANSWERS - {422}
                if entry.status not in expected:
                    account.findings.wrong.append(f"attempt {entry.attempt}: answered {entry.status}")
    answered = {entry.attempt: entry for entry in entries if isinstance(entry, Answered)}
    for attempt, request in sent.items():
        if request.broken:
            continue
        answer = answered.get(attempt)
        for index, order in enumerate(request.orders):
            content = _content_of(order)
            number, keyed = order["orderNumber"], request.key is not None
            tried[number, content.fingerprint()] += 1
            receipt = answer.receipts[index] if answer is not None and answer.receipts else None
            if receipt is not None:
                account.promises.append(Promise(receipt, number, content, keyed))
            else:
                account.unanswered[number, content.fingerprint(), keyed] += 1
    account.sent_again = {what for what, times in tried.items() if times > 1}
    return account


def judge(
    entries: Sequence[Entry],
    contents: Contents,
    mails: Sequence[EmailMessage],
    published: Counter[UUID],
    subscriptions: Sequence[Subscription],
    tolerance: Tolerance,
) -> tuple[Account, Findings]:
    """Return what the clients were promised, and all that is amiss."""
    account = sort_out(entries, tolerance)
    findings = account.findings
    _check_history(account, contents, findings)
    _check_order_of_versions(entries, findings)
    findings.doubled += [f"submission {id}: {times} times in the history" for id, times in contents.repeated.items()]
    orders = _fold(contents.submissions.values())
    try:
        check_rows(contents.rows, Ledger(orders=orders), contents.stored)
    except (Discrepancy, KeyError):
        findings.wrong += _differing_rows(contents, orders)
    _check_events(account, contents, orders, findings)
    findings.lost += [
        f"event {event.id} ({event.type}) never left" for _, event in contents.events if not published[event.id]
    ]
    for subscription in subscriptions:
        _check_webhook(subscription, contents, findings)
    _check_mails(contents, orders, mails, tolerance, findings)
    findings.wrong += [f"failure: {one}" for one in contents.failures if one not in tolerance.failures]
    return account, findings


def _content_of(order: Mapping[str, object]) -> Content:
    now = int(datetime.now().timestamp() * 1_000_000)
    return read_order(msgspec.json.encode(order), strict=False, now=now).content


def _check_history(account: Account, contents: Contents, findings: Findings) -> None:
    promised: dict[UUID, list[Promise]] = {}
    for promise in account.promises:
        promised.setdefault(promise.receipt.id, []).append(promise)
    for id, promises in promised.items():
        stored = contents.submissions.get(id)
        first = promises[0]
        if stored is None:
            findings.lost.append(f"{first.number}: accepted as {id}, and not in the history")
            continue
        if (stored.order_number, stored.content) != (first.number, first.content):
            findings.wrong.append(f"{id}: another content than was accepted: {stored.content} for {first.content}")
        lowest = min(promise.receipt.version for promise in promises)
        again = (first.number, first.content.fingerprint()) in account.sent_again
        if stored.version > lowest or (stored.version != lowest and not (first.keyed and again)):
            findings.wrong.append(f"{id}: stored at version {stored.version}, accepted at {lowest}")
        if len(promises) > 1 and not first.keyed:
            findings.doubled.append(f"{id}: two requests without a key were given one receipt")
        if contents.stored[id].state == "rejected":
            findings.wrong.append(f"{id}: accepted, and rejected afterwards")
    unpromised = Counter(
        (one.order_number, one.fingerprint, one.idempotency is not None)
        for id, one in contents.submissions.items()
        if id not in promised
    )
    for (number, _, keyed), times in (unpromised - account.unanswered).items():
        findings.doubled.append(f"{number}: {times} stored that nobody sent so often (with a key: {keyed})")


def _check_order_of_versions(entries: Sequence[Entry], findings: Findings) -> None:
    """What was sent well after another answer had come is the later of the two, whichever gateways took them.

    A request that is sent again with its key has the version of its first arrival.
    """
    sent = {entry.attempt: entry for entry in entries if isinstance(entry, Sent)}
    first_sent: dict[str, float] = {}
    for one in sent.values():
        if one.key is not None:
            first_sent.setdefault(one.key, one.at)

    def sent_at(entry: Answered) -> float:
        one = sent[entry.attempt]
        return one.at if one.key is None else first_sent[one.key]

    answered = sorted((entry for entry in entries if isinstance(entry, Answered)), key=lambda entry: entry.at)
    before, highest = 0, 0
    for entry in sorted(answered, key=sent_at):
        while before < len(answered) and answered[before].at < sent_at(entry) - _CLOCKS_DIFFER_SECONDS:
            highest = max(highest, _highest(answered[before], sent))
            before += 1
        lowest = min(_versions(entry, sent), default=highest + 1)
        if lowest <= highest:
            findings.wrong.append(f"attempt {entry.attempt}: version {lowest} is below that of an earlier request")


def _highest(entry: Answered, sent: Mapping[int, Sent]) -> int:
    return max(_versions(entry, sent), default=0)


def _versions(entry: Answered, sent: Mapping[int, Sent]) -> list[int]:
    """Return the versions that a gateway's clock gave."""
    orders = sent[entry.attempt].orders
    return [
        one.version for one, order in zip(entry.receipts, orders, strict=False) if one and "occurredAt" not in order
    ]


def _fold(submissions: Iterable[Submission]) -> dict[UUID, Order]:
    histories: dict[UUID, list[Submission]] = {}
    for one in submissions:
        histories.setdefault(one.order_id, []).append(one)
    return {id: order_of(history) for id, history in histories.items()}


def _differing_rows(contents: Contents, orders: Mapping[UUID, Order]) -> list[str]:
    found = [f"order {id}: {'no row' if id in orders else 'no history'}" for id in orders.keys() ^ contents.rows.keys()]
    for id in orders.keys() & contents.rows.keys():
        one = Ledger(orders={id: orders[id]})
        try:
            check_rows({id: contents.rows[id]}, one, contents.stored)
        except Discrepancy as discrepancy:
            found.append(f"order {id}: its row is not its history's fold: {discrepancy}")
    return found


def _check_events(account: Account, contents: Contents, orders: Mapping[UUID, Order], findings: Findings) -> None:
    created = Counter(order_id for order_id, event in contents.events if event.type == CREATED)
    findings.lost += [f"order {id}: no order.created" for id in orders if not created[id]]
    findings.doubled += [f"order {id}: {times} times order.created" for id, times in created.items() if times > 1]
    ids = Counter((event.type, event.id) for _, event in contents.events if event.type != REMINDER)
    findings.doubled += [f"event {one}: {times} times in the outbox" for one, times in ids.items() if times > 1]
    findings.doubled += _steps_told_twice(contents.events)
    told: dict[UUID, Counter[tuple[str, UUID]]] = {id: Counter() for id in orders}
    for order_id, event in contents.events:
        if event.type not in (CREATED, UPDATED) and "submission" in event.data:
            told[order_id][event.type, _subject(event)] += 1
    for id, order in orders.items():
        _check_told(id, order, told[id], findings)


def _steps_told_twice(events: Iterable[tuple[UUID, Event]]) -> list[str]:
    """A step of the ladder is told until the notifier has planned it, each time under one and the same id."""
    steps: dict[tuple[UUID, str, int], set[UUID]] = {}
    for order_id, event in events:
        if event.type == REMINDER:
            reminder = event.data["reminder"]
            steps.setdefault((order_id, reminder["cycle"], reminder["step"]), set()).add(event.id)
    return [f"step {step}: told under {len(ids)} ids" for step, ids in steps.items() if len(ids) > 1]


def _check_told(id: UUID, order: Order, told: Counter[tuple[str, UUID]], findings: Findings) -> None:
    """Each run is told once; twice only where what kept two told runs apart proved a retry, or got a lower version."""
    findings.doubled += [f"{fact}: told {times} times" for fact, times in told.items() if times > 1]
    members = {one.id for one in order.effective} | set(order.retries)
    for event_type, speaker in told:
        if speaker not in members:
            findings.wrong.append(f"order {id}: {event_type} of {speaker}, which is not in its history")
    joined = bool(order.retries) or any(one.idempotency for one in order.effective)
    for run in order.runs:
        speakers = {*run.members, *(retry for retry, original in order.retries.items() if original in run.members)}
        times = sum(told[run.event_type, speaker] for speaker in speakers)
        if not times:
            findings.lost.append(f"order {id}: no {run.event_type} for the run of {run.members[0]}")
        elif times > 1 and not joined:
            findings.doubled.append(f"order {id}: {times} times {run.event_type} for the run of {run.members[0]}")


def _subject(event: Event) -> UUID:
    return UUID(event.data["submission"]["id"])


def _check_webhook(subscription: Subscription, contents: Contents, findings: Findings) -> None:
    """Every event that it wants came, signed; nothing else did."""
    wanted = {event.id: event.type for _, event in contents.events if subscription.wants(event)}
    got = {event.id for event in subscription.received}
    name = f"the webhook for {', '.join(subscription.types)}"
    findings.lost += [f"event {id} ({wanted[id]}) never came to {name}" for id in wanted.keys() - got]
    findings.wrong += [f"event {id} came to {name}, which does not want it" for id in got - wanted.keys()]
    if subscription.unsigned:
        findings.wrong.append(
            f"{subscription.unsigned} events came to {name} with a signature or id that is not theirs"
        )


def _check_mails(
    contents: Contents,
    orders: Mapping[UUID, Order],
    mails: Sequence[EmailMessage],
    tolerance: Tolerance,
    findings: Findings,
) -> None:
    """Each confirmation that counts as sent reached its client, once; whoever paid in the end was thanked for it."""
    caught = Counter(mail["Message-ID"].strip("<>").partition("@")[0] for mail in mails)
    confirmations = [one for one in contents.notifications if one.kind == "confirmation"]
    sent = {str(one.id): one for one in confirmations if one.state == "sent"}
    findings.lost += [f"notification {id} counts as sent, and no server has it" for id in sent if not caught[id]]
    planned = {str(one.id): one for one in confirmations}
    for id, times in caught.items():
        if id not in planned:
            findings.wrong.append(f"notification {id} was sent, and does not exist")
            continue
        one = planned[id]
        # Of what a notifier did not live to note, nobody knows that it was sent: each copy takes a try of its own, and
        # decided again, it may be cancelled.
        unknown = one.unknown_attempts if tolerance.mail_twice else 0
        if one.state not in ("sent", "cancelled") or (one.state == "cancelled" and not unknown):
            findings.wrong.append(f"notification {id} was sent, and counts as {one.state}")
        elif times > unknown + (one.state == "sent"):
            findings.doubled.append(f"notification {id}: {times} e-mails, {unknown} tries of unknown end")
    runs = Counter((one.order_id, one.run_id) for one in confirmations)
    findings.doubled += [f"run {run}: {times} notifications" for (_, run), times in runs.items() if times > 1]
    _check_thanked(contents, orders, [(one.order_id, one.run_id) for one in sent.values()], findings)


def _check_thanked(
    contents: Contents, orders: Mapping[UUID, Order], thanked: Sequence[tuple[UUID, UUID]], findings: Findings
) -> None:
    """What is paid in the end was thanked for since it is: also for a part of it, told after the run had begun."""
    planned = {(one.order_id, one.run_id) for one in contents.notifications if one.kind == "confirmation"}
    for order_id, event in contents.events:
        if event.type in ("payment.paid", "payment.partial") and (order_id, _subject(event)) not in planned:
            findings.lost.append(f"order {order_id}: {event.type} of {_subject(event)} led to no notification")
    for id, order in orders.items():
        paid = [run.members[0] for run in order.runs if run.event_type == "payment.paid"]
        if order.fields.get("paymentStatus") != "paid" or not order.fields.get("customerEmail"):
            continue
        began = contents.submissions[paid[-1]].version
        if not any(of == id and contents.submissions[run].version >= began for of, run in thanked):
            findings.lost.append(f"order {id}: paid in the end, and nobody was thanked")


def confirmations_in(folder: Path, domain: str) -> list[EmailMessage]:
    """Return the confirmations that the mail server has caught for clients of a domain."""
    found = []
    for path in sorted(folder.glob("*.eml")):
        mail = email.message_from_bytes(path.read_bytes(), policy=default)
        if mail["X-RcptTo"].endswith(f"@{domain}") and mail["X-Bugalou-Notification"] == "confirmation":
            found.append(mail)
    return found
