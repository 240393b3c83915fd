"""`bugalou whatsapp`: with what an account speaks to WhatsApp, and the templates that it registers."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

import cyclopts
import msgspec
from cyclopts import Parameter

from services.cli.operate import carry_out, opened, setting
from services.console.documents.settings import WhatsAppAccess
from services.console.whatsapp import WhatsAppAccounts
from services.console.whatsapp_body import USUAL_VERSION, WhatsAppDraft, check_draft
from shared.database import Database
from shared.errors import InvalidInput
from shared.messages.wording.templates import BODIES, BUTTON_BODIES, BUTTON_LABELS
from shared.secrets import Secrets, split_keys

app = cyclopts.App(name="whatsapp", help="WhatsApp: an account's access to the Cloud API, and its templates.")
_MOST_BYTES = 16 * 1024

SecretFile = Annotated[Path, Parameter(allow_leading_hyphen=True)]
"""A file, or - for standard input."""


@app.command(name="set")
def set_(
    *,
    account: UUID,
    phone_number_id: str,
    token_file: SecretFile | None = None,
    app_secret_file: SecretFile | None = None,
    verify_token_file: SecretFile | None = None,
    api_version: str = USUAL_VERSION,
    link_base: str | None = None,
    template: Annotated[tuple[str, ...], Parameter(negative=())] = (),
) -> None:
    """Set an account's access; its messages go over WhatsApp once `bugalou settings set channels.whatsapp=true`.

    Secrets come from files, or one of them from standard input (-), so that no list of processes shows them. One
    that is not given stays as it is.

    Parameters
    ----------
    account
        The account's id.
    phone_number_id
        Meta's id of the sender's number.
    token_file
        The file that holds an access token with whatsapp_business_messaging.
    app_secret_file
        The file that holds the app secret, which signs the statuses.
    verify_token_file
        The file that holds the verify token, which is entered at Meta beside the callback URL.
    api_version
        The version of the Graph API.
    link_base
        What all pay links begin with, where the templates with a button are registered.
    template
        NAME=OTHER, for each template that has another name at Meta.
    """

    async def work() -> WhatsAppAccess:
        draft = WhatsAppDraft(
            phone_number_id=phone_number_id,
            token=_secret(token_file),
            app_secret=_secret(app_secret_file),
            verify_token=_secret(verify_token_file),
            api_version=api_version,
            link_base=link_base,
            template_names=_names(template),
        )
        check_draft(draft)
        async with opened() as database:
            access = await _accounts(database).replace(account, draft)
        if access is None:
            raise InvalidInput("There is no access token yet: give one by --token-file")
        return access

    _print(carry_out(work))


@app.command
def show(*, account: UUID) -> None:
    """Print an account's access as JSON; of its secrets, whether they are set.

    Parameters
    ----------
    account
        The account's id.
    """

    async def work() -> WhatsAppAccess | None:
        async with opened() as database:
            return await _accounts(database).shown(account)

    _print(carry_out(work))


@app.command
def delete(*, account: UUID) -> None:
    """Forget an account's access, secrets included; its messages go by e-mail.

    Parameters
    ----------
    account
        The account's id.
    """

    async def work() -> bool:
        async with opened() as database:
            return await _accounts(database).delete(account)

    print("forgotten" if carry_out(work) else "there was none")


@app.command
def templates() -> None:
    """Print the templates to register at Meta (category UTILITY), as JSON."""
    print(msgspec.json.format(msgspec.json.encode(_templates()), indent=2).decode())


def _templates() -> list[dict[str, Any]]:
    return [
        {
            "name": name,
            "language": language,
            "body": body,
            **({"button": BUTTON_LABELS[language]} if name in BUTTON_BODIES else {}),
        }
        for name, bodies in (BODIES | BUTTON_BODIES).items()
        for language, body in bodies.items()
    ]


def _names(given: Sequence[str]) -> dict[str, str]:
    pairs = [one.partition("=") for one in given]
    return {name: other for name, _, other in pairs}


def _accounts(database: Database) -> WhatsAppAccounts:
    return WhatsAppAccounts(database, database, Secrets(split_keys(setting("SECRET_KEYS"))))


def _secret(path: Path | None) -> str | None:
    if path is None:
        return None
    if str(path) == "-":
        text = sys.stdin.read(_MOST_BYTES)
    else:
        with path.open() as file:
            text = file.read(_MOST_BYTES)
    if not text.strip():
        raise InvalidInput(f"{path} holds nothing")
    return text.strip()


def _print(access: WhatsAppAccess | None) -> None:
    print("not set up" if access is None else msgspec.json.format(msgspec.json.encode(access), indent=2).decode())
