"""`bugalou notify`: what an account's clients would read."""

from datetime import UTC, date, datetime
from html import escape
from pathlib import Path
from typing import Annotated, Literal
from uuid import UUID

import cyclopts
from cyclopts import Parameter
from msgspec.structs import replace
from rich.console import Console

from services.cli.operate import carry_out, opened
from services.notifier.subjects import Subjects
from shared.errors import InvalidInput
from shared.messages.images import embed
from shared.messages.previews import Preview, previews, sample_order
from shared.messages.rendering import Renderer
from shared.orders.identity import Identity

app = cyclopts.App(name="notify", help="Messages to clients: see them before anybody gets them.")


@app.command
def preview(
    *,
    account: UUID,
    platform: str = "custom",
    number: str | None = None,
    test: Annotated[bool, Parameter(negative=())] = False,
    language: Literal["nl", "en"] | None = None,
    only: str | None = None,
    html: Path | None = None,
) -> None:
    """Show every message of an account; nothing is sent, and nothing is stored.

    Parameters
    ----------
    account
        The account's id.
    platform
        The platform of the order to show them of.
    number
        Its number; a sample is shown, unless given.
    test
        The order is one of the test world.
    language
        Instead of the client's and the account's.
    only
        One message: thanks, part-payment, notice, first, second, again, final, several.
    html
        Write the e-mails as they look, with their QR codes, to this file; the texts go to the terminal otherwise.
    """

    async def work() -> list[Preview]:
        async with opened() as database:
            subjects = Subjects(database)
            sender = await subjects.account(account)
            if number is None:
                order = sample_order(_today())
            else:
                order = await subjects.order(Identity(account, not test, platform, number))
        found = previews(sender, order if language is None else replace(order, language=language))
        chosen = [one for one in found if only in (None, one.name)]
        if not chosen:
            raise InvalidInput(f"The messages are {', '.join(one.name for one in found)}")
        return chosen

    shown = carry_out(work)
    if html is None:
        _print(shown)
    else:
        html.write_text(_page(shown), encoding="utf-8")
        print(html)


def _today() -> date:
    return datetime.now(UTC).date()


def _print(shown: list[Preview]) -> None:
    console, renderer = Console(highlight=False), Renderer()
    for one in shown:
        console.rule(one.name)
        console.print(one.letter.subject, markup=False, style="bold", soft_wrap=True)
        console.print()
        console.print(renderer.text(one.letter), markup=False, soft_wrap=True)


def _page(shown: list[Preview]) -> str:
    """Return a page of all e-mails, each in a frame of its own, as a mail client would show it; nothing is loaded."""
    renderer = Renderer()
    frames = []
    for one in shown:
        rendered = renderer.render(one.letter)
        page = embed(rendered.html, rendered.images)
        title = escape(f"{one.name}: {one.letter.subject}")
        frames.append(f'<h2>{title}</h2><iframe sandbox title="{title}" srcdoc="{escape(page)}"></iframe>')
    style = "body{font-family:sans-serif;margin:2rem}iframe{width:100%;height:60rem;border:1px solid #888}"
    head = f'<meta charset="utf-8"><title>Messages</title><style>{style}</style>'
    return f"<!DOCTYPE html><html><head>{head}</head><body>{''.join(frames)}</body></html>\n"
