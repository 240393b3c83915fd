"""Making pages of templates: everything is escaped, and a name that a template misspells is an error."""

from collections.abc import Mapping
from typing import Final
from urllib.parse import quote, urlencode

import aiohttp_jinja2
import jinja2
from aiohttp import web

from services.console.dashboard.files import Files
from services.console.dashboard.formats import show_lines
from shared.messages.formats import show_text

_DOTS: Final = frozenset({".", ".."})


def set_up(application: web.Application, files: Files) -> None:
    """Give an application the dashboard's templates."""
    aiohttp_jinja2.setup(
        application,
        loader=jinja2.PackageLoader("services.console.dashboard", "templates"),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=True,
        filters={"shown": lambda value: show_text(str(value)), "shown_lines": show_lines},
    )
    aiohttp_jinja2.get_env(application).globals.update(
        file=files.address, invoice_path=invoice_path, query=query_string
    )


def invoice_path(platform: str, order_number: str) -> str:
    """Return the address of an invoice's page, whatever its number holds.

    A browser takes a segment of dots for a way up, escaped or not (WHATWG URL), so those stand in the query instead.
    """
    if platform in _DOTS or order_number in _DOTS:
        return f"/dashboard/invoice?{urlencode({'platform': platform, 'orderNumber': order_number})}"
    return f"/dashboard/invoices/{quote(platform, safe='')}/{quote(order_number, safe='')}"


def query_string(parameters: Mapping[str, str | None], **changes: str | None) -> str:
    """Return a query string with some parameters changed, and those that are None or empty left out."""
    given = {name: value for name, value in {**parameters, **changes}.items() if value}
    return f"?{urlencode(given)}" if given else ""
