"""A host whose clock is wrong, and hosts between which packets vanish or connections are reset."""

import shutil
from dataclasses import replace
from typing import Final

from tests.faults.network import Host, unavailable
from tests.faults.trial import Scenario, Trial

_FAKETIME: Final = shutil.which("faketime")


def _clock_off(by: str) -> Scenario:
    async def play(trial: Trial) -> None:
        """One gateway's own clock is wrong: the versions that it gives must not be."""
        if _FAKETIME is None:
            raise RuntimeError("the program faketime is missing (apt install faketime)")
        name = trial.any_of("gateway")
        program = trial.stack.program(name)
        wrong = replace(program, argv=(_FAKETIME, "-f", by, *program.argv))
        await trial.stack.become(name, wrong)
        await trial.stack.works(name)
        await trial.progress(150)
        await trial.stack.give(name)

    return Scenario(f"a gateway's clock {by}", play, pairs=False)


def _cut_off(service: str, *, reset: bool) -> Scenario:
    how = "reset" if reset else "dropped silently"

    async def play(trial: Trial) -> None:
        """A service on a host of its own loses its way to the servers, for long enough to be noticed, and for less."""
        reason = unavailable()
        if reason is not None:
            raise RuntimeError(reason)
        name = trial.any_of(service)
        program = trial.stack.program(name)
        async with Host(trial.stack, name, local_port=trial.endpoints.port) as host:
            await trial.stack.become(name, host.runs(program), **host.variables())
            if service == "gateway":
                await host.open_door(int(program.environment["BUGALOU_HTTP_PORT"]))
            await trial.stack.works(name)
            await trial.progress(30)
            for seconds in (trial.random.uniform(1, 3), trial.random.uniform(8, 14)):
                host.cut(reset=reset)
                await trial.pass_(seconds, seconds)
                host.mend()
                await trial.progress(30)
            await host.close_door()
            await trial.stack.give(name)

    return Scenario(f"{service}'s packets {how}", play, pairs=False)


SCENARIOS: Final = (
    _clock_off("+5m"),
    _clock_off("-5m"),
    *(
        _cut_off(service, reset=reset)
        for service in ("gateway", "worker", "relay", "notifier")
        for reset in (False, True)
    ),
)
