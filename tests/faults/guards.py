"""Shows that the oracle sees: each guard is broken once, in a copy of the tree, and its scenario must turn red.

    guard                              broken by                                  then
    acknowledged after the commit      acknowledging first                        worker dies at worker.merging: lost
    answered after the confirm         publishing without confirms                RabbitMQ killed: lost
    rows locked before they are read   reading without FOR UPDATE                 nothing happens: wrong
    each submission stored once        no key, no look at what is stored          messages doubled and shuffled: doubled
    marked after the confirm           marking what was not confirmed             RabbitMQ killed: lost
    claimed by one notifier            claiming without a lock                    nothing happens: doubled
    every event planned                dropping the last of each batch            nothing happens: lost
    every event handed to its webhooks leaving some out                           nothing happens: lost
    webhooks of one account alone      handing them the events of all             nothing happens: wrong
    one clock for all gateways         each host's own                            a gateway's clock +5m: wrong

`make faults GUARDS=1` plays all of them; `SCENARIO=` chooses by the guard's name.
"""

import shutil
from pathlib import Path
from typing import Final, Literal

from msgspec import Struct

from services.cli.stack.layout import CHECKOUT
from tests.faults.scenarios import SCENARIOS
from tests.faults.stack import running_stack
from tests.faults.trial import Outcome, play
from tests.isolation import execute

_TRIES: Final = 6


class Break(Struct, frozen=True):
    """Text of one file and what is put in its place."""

    file: str
    text: str
    instead: str


class Guard(Struct, frozen=True):
    """What is guarded, how it is broken, which scenario sees it, and as what."""

    name: str
    breaks: tuple[Break, ...]
    scenario: str
    seen_as: Literal["lost", "wrong", "doubled"]
    sql: str = ""


GUARDS: Final = (
    Guard(
        "acknowledged after the commit",
        (
            Break(
                "services/worker/intake.py",
                "        begun = time.perf_counter()\n",
                "        begun = time.perf_counter()\n        for delivery in deliveries:\n"
                "            await delivery.ack()\n        deliveries = []\n",
            ),
        ),
        "worker dies at worker.merging",
        "lost",
    ),
    Guard(
        "answered after the confirm",
        (Break("shared/broker.py", "publisher_confirms=True, on_return_raises=True", "publisher_confirms=False"),),
        "RabbitMQ killed",
        "lost",
    ),
    Guard(
        "rows locked before they are read",
        (Break("services/worker/orders.py", "ORDER BY id FOR UPDATE", "ORDER BY id"),),
        "nothing happens",
        "wrong",
    ),
    Guard(
        "each submission stored once",
        (
            Break(
                "services/worker/store.py",
                "find(connection, _possibly_stored(batch, inserted, locked))",
                "find(connection, [])",
            ),
        ),
        "messages doubled and shuffled",
        "doubled",
        sql="ALTER TABLE submissions DROP CONSTRAINT submissions_pkey",
    ),
    Guard(
        "marked after the confirm",
        (
            Break(
                "services/relay/publication.py",
                "for event, error in results if error is None]",
                "for event, _ in results]",
            ),
            Break(
                "services/relay/publication.py",
                "for event, error in results if isinstance(error, NotTaken)]",
                "for event, _ in ()]",
            ),
            Break("services/relay/publication.py", "error=next(errors, None)", "error=None"),
        ),
        "RabbitMQ killed",
        "lost",
    ),
    Guard(
        "claimed by one notifier",
        (Break("services/notifier/locks.py", "{IS_DUE} FOR UPDATE SKIP LOCKED", "{IS_DUE}"),),
        "nothing happens",
        "doubled",
    ),
    Guard(
        "every event planned",
        (
            Break(
                "services/notifier/intake.py",
                "await self._plans.add(planned)",
                "await self._plans.add([one for one in planned if one.run_id != planned[-1].run_id])",
            ),
        ),
        "nothing happens",
        "lost",
    ),
    Guard(
        "every event handed to its webhooks",
        (
            Break(
                "services/relay/store.py", "AND w.enabled\n", "AND w.enabled AND get_byte(uuid_send(sent.id), 15) > 9\n"
            ),
        ),
        "nothing happens",
        "lost",
    ),
    Guard(
        "webhooks of one account alone",
        (Break("services/relay/store.py", "w.account_id = sent.account_id AND", ""),),
        "nothing happens",
        "wrong",
    ),
    Guard(
        "one clock for all gateways",
        (
            Break(
                "services/gateway/clock.py",
                "return int((self._monotonic() + self._offset) * 1_000_000)",
                "return int(time.time() * 1_000_000)",
            ),
        ),
        "a gateway's clock +5m",
        "wrong",
    ),
)


def broken_copy(guard: Guard, folder: Path) -> Path:
    """Return a copy of the tree in which a guard is broken; ValueError where it is not found to be broken."""
    for part in ("services", "shared"):
        shutil.copytree(CHECKOUT / part, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
    for one in guard.breaks:
        path = folder / one.file
        content = path.read_text()
        if content.count(one.text) != 1:
            raise ValueError(f"{one.file} does not hold this once: {one.text}")
        path.write_text(content.replace(one.text, one.instead))
    return folder


async def show(guard: Guard, seed: str, folder: Path) -> list[Outcome]:
    """Play a guard's scenario without the guard until the oracle sees it; return what it saw."""
    copy = broken_copy(guard, folder / "tree")
    outcomes: list[Outcome] = []
    async with running_stack(folder / "local", checkout=copy) as stack:
        if guard.sql:
            await execute(stack.postgres.url, guard.sql)
        for number in range(_TRIES):
            outcomes.append(await play(stack, [SCENARIOS[guard.scenario]], f"{seed}/{number}", folder, rest_seconds=20))
            if getattr(outcomes[-1].findings, guard.seen_as):
                break
    return outcomes
