"""The operating system's user that a private server runs as."""

import os
import pwd
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from services.cli.stack.errors import StackError


@dataclass(frozen=True)
class Owner:
    """Runs a server as a user that it accepts: the caller, or, since these servers refuse root, their own user.

    The server gets at its directory even where that user may not enter the folders above it (a checkout under
    /root): only then it is given the right to look things up, and nothing else of root's.
    """

    user: str | None = None

    @classmethod
    def of_server(cls, user: str, directory: Path, *, required: bool) -> "Owner":
        """Choose for the caller: itself, or as root the server's user (where it is missing: root, or an error).

        Data that is there already keeps the owner that it has.
        """
        if os.geteuid() != 0:
            return cls()
        if directory.exists() and directory.stat().st_uid != 0:
            user = pwd.getpwuid(directory.stat().st_uid).pw_name
        try:
            pwd.getpwnam(user)
        except KeyError:
            if required:
                raise StackError(
                    f"There is no user {user}, and this server does not run as root: start as another user."
                ) from None
            return cls()
        if shutil.which("setpriv") is None:
            raise StackError("setpriv (package util-linux) is missing: it starts the servers as another user.")
        return cls(user)

    def give(self, *paths: Path) -> None:
        """Make the paths this owner's."""
        if self.user is not None:
            for path in paths:
                shutil.chown(path, self.user, self._group())

    def directory(self, path: Path) -> Path:
        """Make a directory that only this owner can read, and return it."""
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.chmod(0o700)
        self.give(path)
        return path

    def write(self, path: Path, text: str, mode: int = 0o600) -> None:
        """Write a file that only this owner can read."""
        path.unlink(missing_ok=True)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "w") as file:
            file.write(text)
        self.give(path)

    def command(self, argv: list[str], directory: Path) -> list[str]:
        """Return the command line that runs `argv` as this owner, able to work in `directory`."""
        if self.user is None:
            return argv
        drop = ["setpriv", "--reuid", self.user, "--regid", str(self._group()), "--init-groups"]
        if self._reaches(drop, directory):
            return [*drop, "--", *argv]
        # A container may have one of the two and not the other.
        for capability in ("dac_read_search", "dac_override"):
            # no_setuid_fixup: else access(2), which RabbitMQ asks about its directory, ignores the capability.
            able = [*drop, "--securebits=+no_setuid_fixup"]
            able += [f"--inh-caps=+{capability}", f"--ambient-caps=+{capability}"]
            if self._reaches(able, directory):
                return [*able, "--", *argv]
        raise StackError(f"User {self.user} cannot enter {directory}: move the checkout, e.g. to /srv.")

    def _group(self) -> int:
        return pwd.getpwnam(self.user).pw_gid if self.user else os.getegid()

    @staticmethod
    def _reaches(drop: list[str], directory: Path) -> bool:
        probe = subprocess.run([*drop, "--", "test", "-w", str(directory)], capture_output=True, check=False)
        return probe.returncode == 0
