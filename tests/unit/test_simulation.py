"""Thousands of simulated histories against a model of the rules: any arrival, any death of a worker.

A history is played again with `BUGALOU_SIMULATION_SEED` (which a failure prints) and `BUGALOU_SIMULATION_HISTORIES=1`.
"""

import os
from collections import Counter
from typing import Final

from tests.simulation.census import Case
from tests.simulation.world import World

SEED: Final = int(os.environ.get("BUGALOU_SIMULATION_SEED", "1"))
HISTORIES: Final = int(os.environ.get("BUGALOU_SIMULATION_HISTORIES", "3000"))


def test_every_simulated_history_is_merged_and_told_as_the_rules_say() -> None:
    cases: Counter[Case] = Counter()
    for seed in range(SEED, SEED + HISTORIES):
        world = World(str(seed))
        try:
            world.play()
        except Exception as error:
            error.add_note(f"play it again: BUGALOU_SIMULATION_SEED={seed} BUGALOU_SIMULATION_HISTORIES=1")
            raise
        cases += world.cases
    if HISTORIES >= 1000:
        rare = {case.name: cases[case] for case in Case if cases[case] < HISTORIES // 500}
        assert not rare, "cases that hardly occurred: the simulator proves nothing about them"
