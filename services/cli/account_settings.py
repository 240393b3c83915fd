"""`bugalou settings`: what an account has set, as PUT /api/v1/settings takes it."""

from typing import Any
from uuid import UUID

import cyclopts
import msgspec

from services.cli.operate import carry_out, opened
from services.console.account_settings import SettingsStore
from services.console.settings_body import read_settings
from shared.account_settings import AccountSettings
from shared.errors import InvalidInput

app = cyclopts.App(name="settings", help="What an account has set: language, sender, ladder, channels, ...")


@app.command
def show(*, account: UUID) -> None:
    """Print an account's settings, defaults included, as JSON.

    Parameters
    ----------
    account
        The account's id.
    """

    async def work() -> AccountSettings:
        async with opened() as database:
            return await SettingsStore(database, database).of(account)

    _print(carry_out(work))


@app.command(name="set")
def set_(*changes: str, account: UUID) -> None:
    """Change some of an account's settings, leave the others, and print them all.

    Parameters
    ----------
    changes
        NAME=VALUE, such as senderName="Studio De Groot", ladder=[0,7,14] or channels.whatsapp=true. A value is JSON, or
        else text; an empty one is the default.
    account
        The account's id.
    """

    def edited(settings: AccountSettings) -> AccountSettings:
        document = msgspec.to_builtins(settings)
        for change in changes:
            _apply(document, change)
        try:
            return read_settings(msgspec.json.encode(document))
        except InvalidInput as error:
            faults = "; ".join(f"{fault.pointer[1:].replace('/', '.')} {fault.message}" for fault in error.faults)
            raise InvalidInput(faults or error.message) from error

    async def work() -> AccountSettings:
        async with opened() as database:
            return await SettingsStore(database, database).change(account, edited)

    _print(carry_out(work))


def _apply(document: dict[str, Any], change: str) -> None:
    name, equals, value = change.partition("=")
    *outer, last = name.split(".")
    if not equals:
        raise InvalidInput(f"{name} is no NAME=VALUE")
    place = document
    for member in outer:
        inner = place.get(member)
        place[member] = place = dict(inner) if isinstance(inner, dict) else {}
    place[last] = _value(value)


def _value(text: str) -> Any:
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeError):
        return text


def _print(settings: AccountSettings) -> None:
    print(msgspec.json.format(msgspec.json.encode(settings), indent=2).decode())
