"""The interesting cases, recognised by the model's eyes, so that a test can tell that it met them."""

from collections import Counter
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Final
from uuid import UUID

from shared.contracts import Submission
from tests.simulation.model import TEN_MINUTES, Ledger, Order, Receipt, Standing, Step, equal, moment, place


class Case(StrEnum):
    """What a history may hold that a careless worker gets wrong."""

    FAST_ROAD = "all that is new is on top"
    SLOW_ROAD = "something new belongs under what is stored"
    MESSAGES_JOINED = "several messages in one transaction"
    BATCH_HALVED = "a batch settled in halves"
    DIED_BEFORE_COMMIT = "a worker died before its commit"
    DIED_AFTER_COMMIT = "a worker died between commit and acknowledgement"
    REDELIVERED = "a submission came again after it was stored"
    LATE_PAID = "paid arrived after newer statuses, and was told"
    RUN_SPLIT = "a late submission split a run, and the second half was told"
    RUNS_JOINED = "two runs that were both told became one"
    RETRY = "a retry was recognised as it arrived"
    RETRY_BETWEEN = "a retry with others between it and its original"
    RETRY_CHAINED = "a chain of retries longer than ten minutes"
    RETRY_FOUND_LATER = "what counted proved later to be a retry"
    RETRY_AT_THE_LIMIT = "equal contents exactly ten minutes apart"
    JUST_NO_RETRY = "equal contents a microsecond more than ten minutes apart"
    TIE = "different contents at one version"
    TIE_OF_EQUALS = "equal contents at one version"
    DISPLACED = "the copy stored second, kept by the fold, is the duplicate"
    STALE = "newer ones had said all of it"
    STALE_IN_BATCH = "what overtook it came in the same batch"
    LATE_CLEAR = "a clear arrived after a newer submission"
    KEY_REPEATED = "the same key and body under another version"
    VERSION_LOWERED = "a repeated key lowered a stored version"
    KEY_REUSED_LATER = "another body under a key whose holder is older"
    OVERTHROWN = "another body under a key arrived later and is older"
    ORDER_EMPTIED = "an order of which nothing counts any more"
    REVIVED = "a rejected submission got its key after all"
    PARTIAL_SUPERSEDED = "a partial payment that was told is none any more"
    PLAIN = "none of the exceptions, so that each run gave exactly one event"


EXCEPTIONS: Final = (Case.RETRY_FOUND_LATER, Case.OVERTHROWN, Case.VERSION_LOWERED, Case.PARTIAL_SUPERSEDED)
"""What takes out of an order's runs something that was told already."""


def cases_of(
    batch: Sequence[Submission],
    before: Mapping[UUID, Order],
    standing: Standing,
    receipts: Mapping[UUID, Receipt],
    ledger: Ledger,
    step: Step,
) -> Counter[Case]:
    """Return which cases one commit held, from how everything stood before and stands after."""
    cases: Counter[Case] = Counter()
    for one in {one.id: one for one in batch}.values():
        cases += _arrival(one, batch, before, standing, ledger)
    for id, receipt in step.receipts.items():
        cases[Case.STALE] += receipt.state == "stale"
        cases[Case.RETRY] += receipt.state == "duplicate"
        was = receipts.get(id)
        cases[Case.REVIVED] += was is not None and was.state == "rejected"
        cases[Case.KEY_REUSED_LATER] += was is None and receipt.state == "rejected"
        cases[Case.OVERTHROWN] += was is not None and receipt.state == "rejected"
    cases[Case.ORDER_EMPTIED] += len(before.keys() - ledger.orders.keys())
    for id, order in ledger.orders.items():
        if id in before and before[id] is not order:
            cases += _change(before[id], order, ledger, step)
    return +cases


def _arrival(
    one: Submission, batch: Sequence[Submission], before: Mapping[UUID, Order], standing: Standing, ledger: Ledger
) -> Counter[Case]:
    """Cases of one submission as it comes to its order."""
    cases: Counter[Case] = Counter()
    stored = standing.copies.get(one.id)
    if stored is not None:
        cases[Case.REDELIVERED] += 1
        cases[Case.KEY_REPEATED] += any(other.id == one.id and other.version != stored.version for other in batch)
        counts = one.id not in ledger.standing.rejected
        cases[Case.VERSION_LOWERED] += counts and ledger.standing.copies[one.id].version < stored.version
        return cases
    order, was = ledger.orders.get(one.order_id), before.get(one.order_id)
    if order is None or one.id in ledger.standing.rejected:
        return cases
    history = [other for other in ledger.standing.of_order(one.order_id) if other.id != one.id]
    is_late = was is not None and was.newest > one.version
    cases[Case.LATE_CLEAR] += is_late and bool(one.content.clears)
    for other in history:
        same, apart = equal(one, other), abs(moment(one) - moment(other))
        cases[Case.TIE] += one.version == other.version and not same
        cases[Case.TIE_OF_EQUALS] += one.version == other.version and same
        cases[Case.RETRY_AT_THE_LIMIT] += same and apart == TEN_MINUTES
        cases[Case.JUST_NO_RETRY] += same and apart == TEN_MINUTES + 1
    receipt = ledger.receipts[one.id]
    if receipt.state == "duplicate" and one.id not in order.retries:
        cases[Case.DISPLACED] += 1
    if receipt.state == "stale" and (was is None or was.version < one.version):
        cases[Case.STALE_IN_BATCH] += 1
    if one.id in order.retries:
        [original] = [other for other in history if other.id == order.retries[one.id]]
        cases[Case.RETRY_CHAINED] += moment(one) - moment(original) > TEN_MINUTES
        cases[Case.RETRY_BETWEEN] += any(place(original) < place(o) < place(one) for o in order.effective)
    says = one.content.sets.get("paymentStatus")
    newer = was is not None and any("paymentStatus" in o.content.sets and place(o) > place(one) for o in was.effective)
    cases[Case.LATE_PAID] += says == "paid" and newer and ("payment.paid", one.id) in ledger.facts
    return cases


def _change(was: Order, now: Order, ledger: Ledger, step: Step) -> Counter[Case]:
    """Cases of an order's runs and retries as a commit changed them."""
    cases: Counter[Case] = Counter()
    cases[Case.RETRY_FOUND_LATER] += len(now.retries.keys() & {one.id for one in was.effective})
    for run in was.runs:
        parts = [r for r in now.runs if r.event_type == run.event_type and set(r.members) & set(run.members)]
        cases[Case.RUN_SPLIT] += len(parts) > 1 and any(part.fact in step.facts for part in parts)
    for run in now.runs:
        told = [member for member in run.members if (run.event_type, member) in ledger.facts]
        earlier = [r for r in was.runs if r.event_type == run.event_type and set(r.members) & set(told)]
        cases[Case.RUNS_JOINED] += len(told) > 1 and len(earlier) > 1
    partial = {run.fact for run in was.runs if run.event_type == "payment.partial"}
    cases[Case.PARTIAL_SUPERSEDED] += len(partial - {run.fact for run in now.runs})
    return cases
