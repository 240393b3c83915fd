"""Makes sure that programs are on this machine: `python -m services.cli.stack.packages`.

With `--browser`, `--promtool` or `--faults` those that tests want besides.
"""

import ctypes.util
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from services.cli.stack.binaries import PROMTOOL, find_browser, find_epmd, find_postgres, find_promtool, find_rabbitmq
from services.cli.stack.errors import StackError
from services.cli.stack.servers import AMQP_VARIABLE, DATABASE_VARIABLE
from shared.settings import environment

_SCRIPT: Final = Path(__file__).with_name("install.sh")


def missing_packages(environment: Mapping[str, str]) -> dict[str, str]:
    """Return what is needed and not there: what it is called, by its Debian package."""
    missing = {}
    # Who brings servers of their own needs no programs for them.
    if not environment.get(DATABASE_VARIABLE) and not _found(find_postgres):
        missing["postgresql"] = "PostgreSQL"
    if not environment.get(AMQP_VARIABLE) and not (_found(find_rabbitmq) and _found(find_epmd)):
        missing["rabbitmq-server"] = "RabbitMQ"
    return missing


def install(missing: Mapping[str, str], say: Callable[[str], None]) -> None:
    """Install the packages with apt; StackError, in one line, where that is not possible."""
    what = " and ".join(missing.values())
    if shutil.which("apt-get") is None:
        if _docker_answers():
            raise StackError(f"{what} missing, and there is no apt here: run `docker compose up` instead.")
        raise StackError(f"{what} missing, and there is neither apt nor Docker here: install {what}, then try again.")
    as_root = _as_root()
    if as_root is None:
        command = "apt-get install -y --no-install-recommends " + " ".join(missing)
        raise StackError(f"{what} missing, and installing needs root (no sudo here): as root, run `{command}`.")
    say(f"Installing {what} with apt ({' '.join([*as_root, 'apt-get install', *missing])}); nothing of it is started.")
    started = time.monotonic()
    if subprocess.run([*as_root, "sh", str(_SCRIPT), *missing], check=False).returncode != 0:
        raise StackError(f"apt could not install {what}: its reason stands above.")
    say(f"Installed in {time.monotonic() - started:.0f} s")


def _found(find: Callable[[], Path]) -> bool:
    try:
        find()
    except StackError:
        return False
    return True


def _as_root() -> list[str] | None:
    if os.geteuid() == 0:
        return []
    if shutil.which("sudo") is None:
        return None
    # Without a terminal nobody can type a password.
    unasked = subprocess.run(["sudo", "-n", "true"], capture_output=True, check=False).returncode == 0
    return ["sudo"] if unasked or sys.stdin.isatty() else None


def _docker_answers() -> bool:
    try:
        return subprocess.run(["docker", "info"], capture_output=True, check=False, timeout=10).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


def _install_browser(say: Callable[[str], None]) -> None:
    """Install what the browser tests need; where it cannot be had, say so, and let the other tests run."""
    missing = {} if _found(find_browser) else {"chromium": "Chromium"}
    if ctypes.util.find_library("atomic") is None:
        missing["libatomic1"] = "libatomic, which Playwright's driver is linked with"
    if not missing:
        return
    try:
        install(missing, say)
        find_browser()
    except StackError as error:
        say(f"NO BROWSER: THE DASHBOARD'S BROWSER TESTS WILL BE SKIPPED. {error}")


def _install_for_faults(say: Callable[[str], None]) -> None:
    """Install what cuts hosts off and sets clocks; where it cannot be had, say so: other faults can be played."""
    programs = {"iproute2": "ip", "iptables": "iptables", "faketime": "faketime"}
    missing = {package: program for package, program in programs.items() if shutil.which(program) is None}
    try:
        if missing:
            install(missing, say)
    except StackError as error:
        say(f"NO FAULTS OF NETWORKS AND CLOCKS CAN BE PLAYED. {error}")


def _fetch_promtool(say: Callable[[str], None]) -> None:
    """Put Debian's promtool below .local, for the tests of the alerts; where it cannot be had, say so.

    Installing its package would bring a Prometheus that starts with the machine. Unpacking one file needs no root.
    """
    if find_promtool() is not None or shutil.which("apt-get") is None:
        return
    say("Fetching promtool (20 MB, Debian's package prometheus, of which nothing is installed)")
    try:
        with tempfile.TemporaryDirectory() as folder:
            # Not as apt's own user, who may not write here.
            fetch = ["apt-get", "-qq", "-o", "APT::Sandbox::User=root", "download", "prometheus"]
            subprocess.run(fetch, cwd=folder, check=True, timeout=300)
            (package,) = Path(folder).glob("*.deb")
            subprocess.run(["dpkg-deb", "-x", package, f"{folder}/content"], check=True, timeout=60)
            PROMTOOL.parent.mkdir(parents=True, exist_ok=True)
            shutil.move(f"{folder}/content/usr/bin/promtool", PROMTOOL)
    except (OSError, ValueError, subprocess.SubprocessError) as error:
        say(f"NO PROMTOOL: THE TESTS OF THE ALERTS WILL BE SKIPPED. ({type(error).__name__})")


_EXTRAS: Final = {"--browser": _install_browser, "--promtool": _fetch_promtool, "--faults": _install_for_faults}


def main() -> None:
    """Install what is missing; the exit code tells whether everything is there now."""

    def say(text: str) -> None:
        print(text, file=sys.stderr, flush=True)

    extras = [_EXTRAS[word] for word in sys.argv[1:]]
    if extras:
        for bring in extras:
            bring(say)
        return
    try:
        missing = missing_packages(environment())
        if missing:
            install(missing, say)
            for package in missing:
                # An old distribution's package can be too old: these say so.
                find_postgres() if package == "postgresql" else find_rabbitmq()
    except StackError as error:
        say(str(error))
        sys.exit(1)


if __name__ == "__main__":
    main()
