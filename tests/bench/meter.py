"""What processes cost: CPU seconds and memory, of each and of whatever it has started."""

import contextlib
from collections.abc import Mapping

import psutil


class Meter:
    """Reads the CPU time of named processes, their children included, from when it was made."""

    def __init__(self, pids: Mapping[str, int]) -> None:
        self._processes = {name: psutil.Process(pid) for name, pid in pids.items()}
        self._began = self._read()

    def cpu_seconds(self) -> dict[str, float]:
        """Return the CPU seconds that each has used since; of several with one name (gateway-1, gateway-2) the sum."""
        used: dict[str, float] = {}
        for name, seconds in self._read().items():
            service = name.rstrip("-0123456789")
            used[service] = used.get(service, 0.0) + max(0.0, seconds - self._began.get(name, 0.0))
        return used

    def memory_mib(self) -> dict[str, float]:
        """Return what each holds in memory now, in MiB; of a server with many processes, what is its own."""
        found: dict[str, float] = {}
        for name, process in self._processes.items():
            total = 0
            for one in _family(process):
                with contextlib.suppress(psutil.Error):
                    info = one.memory_info()
                    total += info.rss - getattr(info, "shared", 0)
            found[name] = total / 1024 / 1024
        return found

    def _read(self) -> dict[str, float]:
        seconds: dict[str, float] = {}
        for name, process in self._processes.items():
            total = 0.0
            for one in _family(process):
                with contextlib.suppress(psutil.Error):
                    times = one.cpu_times()
                    total += times.user + times.system
                    if one is process:
                        # Of children that have ended and been waited for.
                        total += times.children_user + times.children_system
            seconds[name] = total
        return seconds


def _family(process: psutil.Process) -> list[psutil.Process]:
    try:
        return [process, *process.children(recursive=True)]
    except psutil.Error:
        return []
