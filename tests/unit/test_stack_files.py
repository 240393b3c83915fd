"""What the local stack keeps in files."""

import base64
import json
import os
import stat
import subprocess
from pathlib import Path

import pytest

from services.cli.stack.accounts import AccountKeys, Accounts
from services.cli.stack.banner import banner
from services.cli.stack.env_file import read_env, write_env
from services.cli.stack.errors import StackError
from services.cli.stack.files import write_whole
from services.cli.stack.layout import Layout
from services.cli.stack.lock import Lock
from services.cli.stack.logs import last_lines, trim
from services.cli.stack.order import group_of
from services.cli.stack.state import State

AWKWARD = "a b'c\"d$e`f\\g#h"


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_env_file_gives_a_shell_the_very_values(tmp_path: Path) -> None:
    path = tmp_path / "env"
    write_env(path, {"BUGALOU_URL": "http://127.0.0.1:8080", "BUGALOU_API_KEY": AWKWARD})
    shell = 'set -a; . "$1"; printf "%s|%s" "$BUGALOU_URL" "$BUGALOU_API_KEY"'
    done = subprocess.run(["sh", "-c", shell, "sh", str(path)], capture_output=True, text=True, check=True)
    assert done.stdout == f"http://127.0.0.1:8080|{AWKWARD}"
    assert read_env(path)["BUGALOU_API_KEY"] == AWKWARD
    assert mode_of(path) == 0o600


def test_plain_values_stand_unquoted_in_the_env_file(tmp_path: Path) -> None:
    write_env(tmp_path / "env", {"BUGALOU_AMQP_URL": "amqp://bugalou:x_-y@127.0.0.1:1/"})
    assert "\nBUGALOU_AMQP_URL=amqp://bugalou:x_-y@127.0.0.1:1/\n" in (tmp_path / "env").read_text()


def test_env_of_no_run_is_empty(tmp_path: Path) -> None:
    assert read_env(tmp_path / "env") == {}


def test_file_is_replaced_whole_and_leaves_no_draft(tmp_path: Path) -> None:
    path = tmp_path / "x"
    write_whole(path, "first")
    write_whole(path, b"second", durable=True)
    assert path.read_bytes() == b"second"
    assert list(tmp_path.iterdir()) == [path]


def test_failed_write_leaves_the_old_file(tmp_path: Path) -> None:
    target = tmp_path / "folder"
    target.mkdir()
    with pytest.raises(OSError, match="directory"):
        write_whole(target, "content")
    assert list(tmp_path.iterdir()) == [target]


def test_secrets_are_made_once_and_only_their_owner_can_read_them(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    first = State.load(path)
    first.save(path)
    assert mode_of(path) == 0o600
    assert State.load(path) == first
    assert State().postgres_password != first.postgres_password


def test_secret_key_has_the_form_of_a_fernet_key() -> None:
    assert len(base64.urlsafe_b64decode(State().secret_key)) == 32


def test_damaged_state_is_told_in_one_line(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    path.write_text("{")
    with pytest.raises(StackError, match="damaged"):
        State.load(path)


def test_account_is_made_once_for_each_database(tmp_path: Path) -> None:
    made: list[int] = []

    def create() -> bytes:
        made.append(1)
        return b'{"account": "a%d", "key": "live", "testKey": "test", "more": 1}' % len(made)

    path = tmp_path / "accounts.json"
    assert Accounts(path).of("private", create, fresh=True).account == "a1"
    assert Accounts(path).of("private", create, fresh=False).account == "a1"
    assert Accounts(path).of("db.example:5432/shop", create, fresh=False).account == "a2"
    # Somebody removed the data: its keys are gone with it.
    assert Accounts(path).of("private", create, fresh=True).account == "a3"
    assert Accounts(path).of("db.example:5432/shop", create, fresh=False).account == "a2"
    assert mode_of(path) == 0o600


def test_banner_holds_lines_that_a_shell_takes_as_pasted(tmp_path: Path) -> None:
    layout = Layout.at(tmp_path)
    keys = AccountKeys(account="a", key="bg_live_k", test_key="bg_test_k")
    text = banner("http://127.0.0.1:8099", keys, "http://127.0.0.1:8099/dashboard/sign-in/link?token=t", layout)
    assert "  dashboard  http://127.0.0.1:8099/dashboard/sign-in/link?token=t\n" in text
    lines = text[text.index("curl ") : text.rindex("\n\nThe thank-you")]
    shell = 'curl() { for word in "$@"; do printf "%s\\0" "$word"; done; printf "\\n"; }\n' + lines
    done = subprocess.run(["sh", "-eu", "-c", shell], capture_output=True, text=True, check=True)
    calls = [call.split("\0") for call in done.stdout.split("\0\n")[:-1]]
    assert [call[1] for call in calls] == [
        "http://127.0.0.1:8099/api/v1/orders",
        "http://127.0.0.1:8099/api/v1/orders",
        "http://127.0.0.1:8099/api/v1/orders/custom/INV-2026-042",
    ]
    assert all("X-API-Key: bg_live_k" in call for call in calls)
    assert json.loads(calls[0][-1])["paymentStatus"] == "pending"
    assert json.loads(calls[1][-1])["amountPaid"] == "2950.00"


def test_large_log_is_moved_aside_and_its_writer_goes_on(tmp_path: Path) -> None:
    log = tmp_path / "relay.log"
    with log.open("ab") as writer:
        writer.write(b"x" * 100)
        writer.flush()
        trim(tmp_path, most_bytes=99)
        writer.write(b"after\n")
    assert log.read_bytes() == b"after\n"
    assert (tmp_path / "relay.log.1").stat().st_size == 100
    trim(tmp_path, most_bytes=99)
    assert log.read_bytes() == b"after\n"


def test_last_lines_of_a_log(tmp_path: Path) -> None:
    log = tmp_path / "relay.log"
    assert last_lines(log) == ""
    log.write_text("".join(f"{number}\n" for number in range(100)))
    assert last_lines(log, 2) == "98\n99"


def test_lock_has_one_holder(tmp_path: Path) -> None:
    first, second = Lock(tmp_path / "lock"), Lock(tmp_path / "lock")
    assert first.holder() is None
    assert first.take()
    assert not second.take()
    assert second.holder() == os.getpid()
    first.release()
    assert second.holder() is None
    assert second.take()
    second.release()


@pytest.mark.parametrize(
    ("name", "group"),
    [
        ("gateway-12", "gateway"),
        ("worker-1", "service"),
        ("relay", "service"),
        ("mail", "mail"),
        ("postgres", "postgres"),
    ],
)
def test_processes_have_their_place_in_the_order_of_stopping(name: str, group: str) -> None:
    assert group_of(name) == group
