"""Where the local stack keeps what is its own."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from services.cli.stack.errors import StackError

CHECKOUT: Final = Path(__file__).resolve().parents[3]


@dataclass(frozen=True)
class Layout:
    """The folders and files under `.local/`; whoever has the root path has the whole stack."""

    root: Path

    @classmethod
    def at(cls, root: Path | None) -> "Layout":
        """Use `root`, made where it is missing, or `.local/` in the checkout."""
        layout = cls((root or CHECKOUT / ".local").resolve())
        folders = (layout.root, layout.run, layout.log, layout.mail)
        try:
            for folder in folders:
                folder.mkdir(parents=True, exist_ok=True)
            ours = all(os.access(folder, os.W_OK) for folder in folders)
        except OSError as error:
            raise StackError(f"{layout.root} cannot be made: {error.strerror}.") from None
        if not ours:
            raise StackError(f"{layout.root} belongs to another user: run this as that user.")
        return layout

    @property
    def env(self) -> Path:
        """Return the addresses and keys, in shell syntax, for whoever uses the stack."""
        return self.root / "env"

    @property
    def state(self) -> Path:
        """Return what the stack remembers from one run to the next: passwords, ports."""
        return self.root / "state.json"

    @property
    def accounts(self) -> Path:
        """Return the keys that were made, by database."""
        return self.root / "accounts.json"

    @property
    def run(self) -> Path:
        """Return the folder of the pid files."""
        return self.root / "run"

    @property
    def lock(self) -> Path:
        """Return the file that a running supervisor holds locked, with its pid."""
        return self.run / "supervisor.lock"

    @property
    def log(self) -> Path:
        """Return the folder of the logs."""
        return self.root / "log"

    @property
    def mail(self) -> Path:
        """Return the folder of the caught e-mails."""
        return self.root / "mail"

    @property
    def postgres(self) -> Path:
        """Return the private PostgreSQL's folder."""
        return self.root / "postgres"

    @property
    def rabbitmq(self) -> Path:
        """Return the private RabbitMQ's folder."""
        return self.root / "rabbitmq"

    def pid_file(self, name: str) -> Path:
        """Return the file with the pid of a process of the stack."""
        return self.run / f"{name}.pid"

    def log_file(self, name: str) -> Path:
        """Return the file with what a process of the stack prints."""
        return self.log / f"{name}.log"
