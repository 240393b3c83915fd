"""Plays scenarios on demand: `make faults SCENARIO=postgres TIMES=20 SEED=7`, or random pairs for `SECONDS=1800`."""

import argparse
import asyncio
import logging
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from random import Random

from tests.faults.grounds import standing_on
from tests.faults.guards import GUARDS, show
from tests.faults.oracle import Findings
from tests.faults.overload import measure
from tests.faults.scenarios import SCENARIOS, matching
from tests.faults.stack import Stack
from tests.faults.table import table
from tests.faults.trial import Ground, Outcome, Scenario, play
from tests.terminating import until_told


async def _break_guards(options: argparse.Namespace) -> int:
    """Break each guard once; whatever the oracle does not see is a failure."""
    unseen = []
    for guard in GUARDS:
        if options.scenario not in guard.name:
            continue
        try:
            with tempfile.TemporaryDirectory(prefix="bugalou-faults-", ignore_cleanup_errors=True) as folder:
                outcomes = await show(guard, options.seed, Path(folder))
        except (AssertionError, TimeoutError, ExceptionGroup, RuntimeError) as error:
            unseen.append(guard.name)
            print(f"{guard.name}: NOT PLAYED: {error} {getattr(error, 'exceptions', '')}", flush=True)
            continue
        found = getattr(outcomes[-1].findings, guard.seen_as)
        unseen += [] if found else [guard.name]
        print(
            f"{guard.name}, broken: {guard.scenario}: {len(found)} {guard.seen_as} in trial {len(outcomes)}", flush=True
        )
        print(f"    {found[0] if found else 'NOT SEEN'}", flush=True)
    return 1 if unseen else 0


async def _run(options: argparse.Namespace) -> int:
    if options.overload:
        with tempfile.TemporaryDirectory(prefix="bugalou-faults-", ignore_cleanup_errors=True) as place:
            return 0 if await measure(Path(place)) else 1
    if options.guards:
        return await _break_guards(options)
    chosen = matching(options.scenario)
    if not chosen:
        print(f"no scenario is named so; there are:\n  {chr(10).join(SCENARIOS)}")
        return 64
    outcomes: list[Outcome] = []
    is_whole = True
    with tempfile.TemporaryDirectory(prefix="bugalou-faults-", ignore_cleanup_errors=True) as folder:
        for ground in dict.fromkeys(scenario.ground for scenario in chosen):
            here = [scenario for scenario in chosen if scenario.ground == ground]
            try:
                await _play_on(ground, here, options, Path(folder), outcomes)
            except AssertionError as error:
                print(f"FAILED the ground {ground!r} cannot be stood on any more: {error}", flush=True)
                is_whole = False
    print(table(outcomes))
    return 0 if is_whole and not any(outcome.findings for outcome in outcomes) else 1


async def _play_on(
    ground: Ground, here: Sequence[Scenario], options: argparse.Namespace, folder: Path, outcomes: list[Outcome]
) -> None:
    """Play scenarios on the ground that they need; AssertionError where it does not come back after one."""
    if options.seconds and ground != "plain":
        return
    async with standing_on(ground, folder) as stack:
        if options.seconds:
            await _pairs(stack, here, options, folder, outcomes)
        else:
            await _singles(stack, here, options, folder, outcomes)


async def _singles(
    stack: Stack, here: Sequence[Scenario], options: argparse.Namespace, folder: Path, outcomes: list[Outcome]
) -> None:
    for number in range(options.times):
        for scenario in here:
            await _one(stack, [scenario], f"{options.seed}/{number}", folder, outcomes)
            _keep_logs(stack, options, outcomes)


def _keep_logs(stack: Stack, options: argparse.Namespace, outcomes: Sequence[Outcome]) -> None:
    if options.keep and outcomes[-1].findings:
        folder = options.keep / f"{len(outcomes)}"
        folder.mkdir(parents=True, exist_ok=True)
        for log in stack.layout.log.glob("*.log"):
            (folder / log.name).write_bytes(log.read_bytes())


async def _pairs(
    stack: Stack, chosen: Sequence[Scenario], options: argparse.Namespace, folder: Path, outcomes: list[Outcome]
) -> None:
    random = Random(options.seed)
    able = [scenario for scenario in chosen if scenario.pairs]
    deadline = time.monotonic() + options.seconds
    number = 0
    while time.monotonic() < deadline:
        number += 1
        await _one(stack, random.sample(able, 2), f"{options.seed}/{number}", folder, outcomes)
        _keep_logs(stack, options, outcomes)


async def _one(stack: Stack, scenarios: Sequence[Scenario], seed: str, folder: Path, outcomes: list[Outcome]) -> None:
    name = " + ".join(scenario.name for scenario in scenarios)
    began = time.monotonic()
    try:
        outcome = await play(stack, scenarios, seed, folder)
    except (AssertionError, TimeoutError, ExceptionGroup, RuntimeError) as error:
        findings = Findings(wrong=[f"{type(error).__name__}: {error} {getattr(error, 'exceptions', '')}"])
        outcome = Outcome(name, seed, 0, findings, {}, 0.0, time.monotonic() - began)
    outcomes.append(outcome)
    verdict = "FAILED" if outcome.findings else "ok"
    print(f"{verdict:7}{name} (seed {seed}): {outcome.accepted} accepted, {outcome.seconds:.1f} s", flush=True)
    if outcome.findings:
        print(outcome.findings, flush=True)
    await stack.as_it_was()


def main() -> int:
    """Read the command line and play."""
    # Its pools tell of each connection that they cannot make, at length: that is what is played here.
    logging.getLogger("asyncpg").setLevel(logging.CRITICAL)
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--scenario", default="", help="play those whose name holds this")
    parser.add_argument("--times", type=int, default=1, help="play each so often")
    parser.add_argument("--seconds", type=float, default=0, help="play random pairs for so long instead")
    parser.add_argument("--guards", action="store_true", help="break each guard once, and see the oracle turn red")
    parser.add_argument("--overload", action="store_true", help="measure what is accepted under overload")
    parser.add_argument("--seed", default="1", help="what decides all that is random")
    parser.add_argument("--keep", type=Path, default=None, help="where the logs are kept if anything is amiss")
    try:
        return asyncio.run(until_told(_run(parser.parse_args())))
    except asyncio.CancelledError:
        return 143


if __name__ == "__main__":
    sys.exit(main())
