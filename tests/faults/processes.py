"""Services that are killed, suspended and asked to leave, at any moment and at the worst ones."""

from typing import Final

from shared.failpoints import Point
from tests.faults.oracle import Tolerance
from tests.faults.trial import Scenario, Trial

SERVICES: Final = ("gateway", "worker", "relay", "notifier")


def _killed(service: str) -> Scenario:
    async def play(trial: Trial) -> None:
        name = trial.any_of(service)
        before = trial.stack.pid(name)
        trial.stack.kill(name)
        await trial.progress()
        await trial.stack.started_again(name, before)

    # A notifier that dies between the server's 250 and its own note sends again, under the same Message-ID.
    tolerance = Tolerance(mail_twice=service == "notifier")
    return Scenario(f"{service} killed", play, tolerance, quick=service == "worker")


def _all_killed(service: str) -> Scenario:
    async def play(trial: Trial) -> None:
        names = trial.stack.names_of(service)
        before = {name: trial.stack.pid(name) for name in names}
        for name in names:
            trial.stack.kill(name)
        for name in names:
            await trial.stack.started_again(name, before[name])

    return Scenario(f"every {service} killed at once", play, Tolerance(mail_twice=service == "notifier"))


def _suspended(service: str) -> Scenario:
    async def play(trial: Trial) -> None:
        async with trial.stack.suspended(trial.any_of(service)):
            await trial.pass_(2, 5)

    return Scenario(f"{service} suspended", play, Tolerance(hangs=service == "gateway"))


def _asked_to_leave(service: str) -> Scenario:
    async def play(trial: Trial) -> None:
        name = trial.any_of(service)
        before = trial.stack.pid(name)
        trial.stack.terminate(name)
        await trial.progress()
        await trial.stack.started_again(name, before)

    return Scenario(f"{service} asked to leave", play)


async def _rolled(trial: Trial) -> None:
    """Start every service again, one after the other."""
    for service in SERVICES:
        for name in trial.stack.names_of(service):
            before = trial.stack.pid(name)
            trial.stack.terminate(name)
            await trial.stack.started_again(name, before)
            await trial.progress(5)


def _dies_at(point: Point, service: str, skipped: int) -> Scenario:
    async def play(trial: Trial) -> None:
        """Let every process of the service die at that point, again and again, for a few deaths each."""
        names = trial.stack.names_of(service)
        for name in names:
            await trial.stack.give(name, BUGALOU_FAILPOINTS=f"{point}=exit+{trial.random.randint(0, skipped)}")
        deaths = len(trial.stack.deaths)
        await trial.dies(names, deaths, times=2)
        for name in names:
            await trial.stack.give(name)

    return Scenario(f"{service} dies at {point}", play, Tolerance(mail_twice=service == "notifier"), pairs=False)


def _fails_at(point: Point, service: str) -> Scenario:
    async def play(trial: Trial) -> None:
        names = trial.stack.names_of(service)
        for name in names:
            await trial.stack.give(name, BUGALOU_FAILPOINTS=f"{point}=raise@0.3")
        await trial.stack.all_work()
        await trial.progress(80)
        for name in names:
            await trial.stack.give(name)

    return Scenario(f"{service} fails at {point}", play, pairs=False)


_DEATHS: Final = (
    (Point.GATEWAY_GATHERED, "gateway", 20),
    (Point.GATEWAY_CONFIRMED, "gateway", 20),
    (Point.WORKER_MERGING, "worker", 5),
    (Point.WORKER_MERGED, "worker", 5),
    (Point.WORKER_COMMITTED, "worker", 5),
    (Point.RELAY_CLAIMED, "relay", 3),
    (Point.RELAY_CONFIRMED, "relay", 3),
    (Point.NOTIFIER_PLANNED, "notifier", 2),
    (Point.NOTIFIER_CLAIMED, "notifier", 2),
    (Point.NOTIFIER_DELIVERED, "notifier", 2),
)

SCENARIOS: Final = (
    *map(_killed, SERVICES),
    *map(_all_killed, SERVICES),
    *map(_suspended, SERVICES),
    *map(_asked_to_leave, SERVICES),
    Scenario("everything restarted in turn", _rolled, pairs=False),
    *(_dies_at(*death) for death in _DEATHS),
    *(_fails_at(point, service) for point, service, _ in _DEATHS),
)
