"""The local stack as a whole: its servers, its data, its services."""

import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

import msgspec

from services.cli.stack.accounts import AccountKeys, Accounts
from services.cli.stack.banner import banner
from services.cli.stack.env_file import write_env
from services.cli.stack.errors import StackError
from services.cli.stack.fleet import Size, mail_program, services
from services.cli.stack.layout import CHECKOUT, Layout
from services.cli.stack.leftovers import stop_leftovers
from services.cli.stack.logs import last_lines
from services.cli.stack.ports import LOOPBACK, HeldPort
from services.cli.stack.probe import is_ready, knows_key
from services.cli.stack.servers import Addresses, Servers
from services.cli.stack.state import State
from services.cli.stack.supervisor import Supervisor

_COMMAND_SECONDS: Final = 120.0
_READY_SECONDS: Final = 90.0
_STEADY_SECONDS: Final = 2.0


class LocalStack:
    """Brings the stack up in its own folder, and down again; `environment` is the caller's."""

    def __init__(
        self, layout: Layout, environment: Mapping[str, str], supervisor: Supervisor, say: Callable[[str], None]
    ) -> None:
        self._layout = layout
        self._environment = environment
        self._supervisor = supervisor
        self._say = say
        self._state = State.load(layout.state)
        self._port: HeldPort | None = None

    def start(self, size: Size, port: int) -> str:
        """Start everything, wait until it is ready, and return what to tell the user."""
        begun = time.monotonic()
        left = stop_leftovers(self._layout)
        if left:
            self._say(f"stopped what an earlier run had left behind: {', '.join(left)}")
        self._port = HeldPort.first_free(port)
        if self._port.number != port:
            self._say(f"port {port} is in use: taking {self._port.number}")
        url = f"http://{LOOPBACK}:{self._port.number}"
        servers = Servers(self._layout, self._state, self._supervisor, self._say)
        addresses = servers.start(self._environment)
        given = self._given(addresses, url, self._port.number)
        mail = mail_program(self._layout, int(given["BUGALOU_SMTP_PORT"]), given)
        self._supervisor.add(mail)
        self._command("migrating the database", given, "migrate")
        accounts = Accounts(self._layout.accounts)
        keys = accounts.of(addresses.place, lambda: self._create_account(given), fresh=addresses.fresh)
        write_env(self._layout.env, _for_the_user(url, keys, addresses, given))
        self._supervisor.add(*services(size, given))
        self._supervisor.wait_ready([mail], _READY_SECONDS)
        self._wait_until_ready(self._port.number, size)
        if not knows_key(self._port.number, keys.key):
            # The database was emptied since that account was made.
            keys = accounts.of(addresses.place, lambda: self._create_account(given), fresh=True)
            write_env(self._layout.env, _for_the_user(url, keys, addresses, given))
        self._say(f"ready after {time.monotonic() - begun:.1f} s")
        return banner(url, keys, self._make_link(given, url, keys), self._layout)

    def stop(self) -> None:
        """Stop everything in order; the data stays."""
        self._supervisor.stop()
        if self._port is not None:
            self._port.release()

    def _given(self, addresses: Addresses, url: str, port: int) -> dict[str, str]:
        """Return the environment of every service: the caller's, with the stack's addresses."""
        ours = {
            "BUGALOU_DATABASE_URL": addresses.database,
            "BUGALOU_AMQP_URL": addresses.amqp,
            "BUGALOU_HTTP_HOST": LOOPBACK,
            "BUGALOU_HTTP_PORT": str(port),
            "BUGALOU_REUSE_PORT": "1",
            "BUGALOU_SMTP_HOST": LOOPBACK,
            "BUGALOU_SMTP_PORT": str(self._state.ports["mail"]),
            "PYTHONUNBUFFERED": "1",
        }
        # Nothing of the caller's mail server: what a local stack sends is caught, never delivered.
        passed = {name: value for name, value in self._environment.items() if not name.startswith("BUGALOU_SMTP_")}
        for name in ours:
            passed.pop(f"{name}_FILE", None)
        own = {} if "BUGALOU_SECRET_KEYS_FILE" in passed else {"BUGALOU_SECRET_KEYS": self._state.secret_key}
        # Who tries webhooks here has their endpoint on this machine.
        usual = {"BUGALOU_PUBLIC_URL": url, "BUGALOU_WEBHOOK_ALLOW": "127.0.0.0/8,::1/128"}
        return {**own, **usual, **passed, **ours}

    def _create_account(self, given: Mapping[str, str]) -> bytes:
        return self._command("making an account", given, "accounts", "create", "Local", "--json")

    def _make_link(self, given: Mapping[str, str], url: str, keys: AccountKeys) -> str:
        made = self._command("making a sign-in link", given, "accounts", "link", keys.account, "--url", url, "--json")
        return msgspec.json.decode(made, type=dict[str, str])["link"]

    def _command(self, what: str, given: Mapping[str, str], *words: str) -> bytes:
        """Run one command of `bugalou` to its end, the servers being kept running meanwhile."""
        self._say(what)
        log = self._layout.log_file(words[0])
        program = str(Path(sys.executable).with_name("bugalou"))
        with log.open("wb") as errors:
            process = subprocess.Popen(
                [program, *words],
                cwd=CHECKOUT,
                env=dict(given),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=errors,
                start_new_session=True,
            )
            try:
                self._supervisor.wait_until(lambda: process.poll() is not None, _COMMAND_SECONDS, what)
            except BaseException:
                process.kill()
                raise
            output = process.stdout.read() if process.stdout else b""
        if process.returncode != 0:
            raise StackError(f"`bugalou {words[0]}` failed:\n{last_lines(log)}")
        return output

    def _wait_until_ready(self, port: int, size: Size) -> None:
        """Wait until every gateway answers /readyz with 200 and nothing has died for a moment."""
        # The kernel spreads connections over the gateways: so many in a row leave hardly one unasked.
        tries = 1 if size.gateways == 1 else 6 * size.gateways
        self._supervisor.wait_until(
            lambda: self._supervisor.steady(_STEADY_SECONDS) and all(is_ready(port) for _ in range(tries)),
            _READY_SECONDS,
            "the services are",
        )


def _for_the_user(url: str, keys: AccountKeys, addresses: Addresses, given: Mapping[str, str]) -> dict[str, str]:
    # The command line's own needs too: it reads this file where the environment says nothing.
    passed = {name: given[name] for name in ("BUGALOU_SECRET_KEYS",) if name in given}
    return {
        "BUGALOU_URL": url,
        "BUGALOU_ACCOUNT": keys.account,
        "BUGALOU_API_KEY": keys.key,
        "BUGALOU_TEST_API_KEY": keys.test_key,
        "BUGALOU_DATABASE_URL": addresses.database,
        "BUGALOU_AMQP_URL": addresses.amqp,
        **passed,
    }
