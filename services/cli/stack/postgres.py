"""A PostgreSQL server of our own on the loopback interface."""

import contextlib
import shutil
import subprocess
from pathlib import Path
from types import TracebackType
from typing import Final, Self
from urllib.parse import quote

import psutil

from services.cli.stack.binaries import find_postgres
from services.cli.stack.errors import StackError
from services.cli.stack.owner import Owner
from services.cli.stack.ports import LOOPBACK
from services.cli.stack.program import Program, Run

USER: Final = "bugalou"
DATABASE: Final = "bugalou"
# Quick to give up durability for tests, which never outlive their server.
_VOLATILE: Final = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
_DURABLE: Final = {"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on"}


class PrivatePostgres:
    """A server with its data in one directory, reachable over TCP on 127.0.0.1 alone, with a password.

    Whatever else runs on the machine stays untouched. `durable=False` is for tests: it loses data in a crash.
    """

    def __init__(self, directory: Path, port: int, *, password: str, durable: bool = True) -> None:
        self.directory = directory.resolve()
        self.port = port
        self._password = password
        self._durable = durable
        self._bin = find_postgres()
        self._owner = Owner.of_server("postgres", self.directory, required=True)
        self._run = Run(self.directory)

    @property
    def url(self) -> str:
        """Return the address for the owner of all tables (a superuser) in the application's database."""
        return f"postgresql://{USER}:{quote(self._password, safe='')}@{LOOPBACK}:{self.port}/{DATABASE}"

    @property
    def data(self) -> Path:
        """Return the cluster's directory; it exists only once it is complete."""
        return self.directory / "data"

    def prepare(self) -> None:
        """Make the cluster and the database where there are none yet; an interrupted attempt leaves nothing."""
        if (self.data / "PG_VERSION").exists():
            self._check_version()
            self._drop_stale_lock()
            return
        self._owner.directory(self.directory)
        draft = self.directory / "data.new"
        secret = self.directory / "password.new"
        shutil.rmtree(draft, ignore_errors=True)
        self._owner.write(secret, self._password)
        try:
            self._make_cluster(draft, secret)
            single = ["postgres", "--single", "-F", "-D", str(draft), "postgres"]
            self._call(single, f"CREATE DATABASE {DATABASE};\n")
        finally:
            secret.unlink(missing_ok=True)
        if self._durable:
            self._call(["initdb", "--sync-only", "-D", str(draft)])
        draft.rename(self.data)

    def programs(self) -> tuple[Program, ...]:
        """Return how the server is run in the foreground."""
        settings = {
            "listen_addresses": LOOPBACK,
            "port": str(self.port),
            "unix_socket_directories": "",
            "cluster_name": "bugalou",
            "max_connections": "200",
            "max_wal_size": "2GB",
            "log_checkpoints": "off",
            **(_DURABLE if self._durable else _VOLATILE),
        }
        argv = [str(self._bin / "postgres"), "-D", str(self.data)]
        argv += [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        server = Program(
            name="postgres",
            argv=tuple(self._owner.command(argv, self.directory)),
            directory=self.directory,
            environment=self._environment(),
            is_ready=self._is_ready,
        )
        return (server,)

    def start(self, timeout: float = 60.0) -> None:
        """Start it and wait until it takes connections (`bugalou up` supervises its programs instead)."""
        self.prepare()
        self._run.start(self.programs(), timeout)

    def stop(self) -> None:
        """Stop it; its data stays. Calling it twice is fine."""
        self._run.stop()

    def kill(self) -> None:
        """End it as a crash would."""
        self._run.kill()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _is_ready(self, pid: int) -> bool:
        # The server writes its own state into the eighth line of this file (pg_ctl reads it the same way).
        try:
            lines = (self.data / "postmaster.pid").read_text().splitlines()
        except OSError:
            return False
        return len(lines) >= 8 and lines[0].strip() == str(pid) and lines[7].strip() == "ready"

    def _make_cluster(self, draft: Path, secret: Path) -> None:
        command = ["initdb", "-D", str(draft), "-U", USER, "--pwfile", str(secret), "--encoding=UTF8"]
        command += ["--auth=scram-sha-256", "--no-sync"]
        try:
            self._call([*command, "--locale=C.UTF-8"])
        except StackError:
            # Not every system has C.UTF-8; in plain C, case is folded for ASCII only.
            shutil.rmtree(draft, ignore_errors=True)
            self._call([*command, "--no-locale"])

    def _check_version(self) -> None:
        made_by = (self.data / "PG_VERSION").read_text().strip()
        output = self._call(["postgres", "--version"]).split()  # postgres (PostgreSQL) 15.19 (Debian ...)
        if output[2].split(".")[0] != made_by:
            raise StackError(
                f"{self.data} was made by PostgreSQL {made_by}, found is {output[2]}: install "
                f"version {made_by}, or move that directory away to start with no data."
            )

    def _drop_stale_lock(self) -> None:
        # After a crash the lock file may name a pid that another process has got since; the server would then
        # refuse to start for ever.
        lock = self.data / "postmaster.pid"
        with contextlib.suppress(OSError, ValueError, IndexError):
            pid = int(lock.read_text().splitlines()[0])
            try:
                alive = str(self.data) in psutil.Process(pid).cmdline()
            except psutil.NoSuchProcess:
                alive = False
            if not alive:
                lock.unlink()

    def _call(self, argv: list[str], text: str = "") -> str:
        command = self._owner.command([str(self._bin / argv[0]), *argv[1:]], self.directory)
        done = subprocess.run(
            command,
            input=text,
            cwd=self.directory,
            env=self._environment(),
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0 or "ERROR:" in done.stderr:
            tail = " ".join((done.stderr or done.stdout).split())[-300:]
            raise StackError(f"{argv[0]} failed: {tail}")
        return done.stdout

    @staticmethod
    def _environment() -> dict[str, str]:
        # Nothing of the caller's: PG* variables would change what the programs do.
        return {"PATH": "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin", "LC_ALL": "C", "TZ": "UTC"}
