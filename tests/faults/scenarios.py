"""Every scenario, by name."""

from typing import Final

from tests.faults import broker, cluster, disk, hosts, postgres, processes, receivers, traffic
from tests.faults.trial import Scenario

MODULES: Final = (processes, broker, cluster, postgres, disk, receivers, traffic, hosts)
SCENARIOS: Final[dict[str, Scenario]] = {scenario.name: scenario for module in MODULES for scenario in module.SCENARIOS}


def matching(pattern: str) -> list[Scenario]:
    """Return the scenarios whose name holds a pattern; all where it is empty."""
    return [scenario for name, scenario in SCENARIOS.items() if pattern.lower() in name.lower()]
