"""A visit: one request for a page, by a reader who may be signed in, in their language."""

import hmac
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import parse_qsl, quote
from uuid import UUID

from aiohttp import web
from msgspec import Struct
from multidict import MultiDict

from services.console.dashboard.cookies import is_secure
from services.console.dashboard.formats import Formats
from services.console.dashboard.sessions import Session
from services.console.dashboard.wording import Phrases
from shared.errors import InvalidInput
from shared.http.bodies import check_declared
from shared.http.problems import Problem, problem_of_status
from shared.keys import ApiKey

HOME: Final = "/dashboard"
SIGN_IN: Final = "/dashboard/sign-in"
MOST_BYTES: Final = 64 * 1024
_MOST_FIELDS: Final = 300
_FORM: Final = "application/x-www-form-urlencoded"


class SignedOut(Exception):
    """The page is for those who are signed in."""


class Visit(Struct, frozen=True, kw_only=True):
    """What a page knows of a request; `form` holds the fields of a POST, the last of those with the same name."""

    request: web.Request
    phrases: Phrases
    formats: Formats
    session: Session | None = None
    form: Mapping[str, str] = {}

    @property
    def key(self) -> ApiKey:
        """Whose data is shown, as the readers want it."""
        return self.signed_in.key

    @property
    def signed_in(self) -> Session:
        """The session, which a page that is not public always has."""
        if self.session is None:
            raise SignedOut
        return self.session

    @property
    def query(self) -> MultiDict[str]:
        """The parameters of a GET, without the notice that the page before leaves; a form's address has none."""
        given = self.request.query.items() if self.request.method == "GET" else ()
        return MultiDict((name, value) for name, value in given if name != "notice")

    @property
    def id(self) -> UUID:
        """What the page's address names; 404 where that is no id."""
        try:
            return UUID(self.request.match_info["id"])
        except ValueError:
            raise problem_of_status(404) from None

    @property
    def is_partial(self) -> bool:
        """Whether a script asks for a part of the page alone."""
        return self.request.headers.get("HX-Request") == "true"


def see_other(location: str) -> web.Response:
    """Send the browser on, with a GET, to one of our own addresses."""
    return web.Response(status=303, headers={"Location": location})


def fields_at_fault(error: InvalidInput) -> frozenset[str]:
    """Return the pointers of the members that a form shows: of what stands deeper in a document, the outer one."""
    return frozenset(f"/{fault.pointer.split('/')[1]}" for fault in error.faults if fault.pointer)


def local_path(wanted: str | None) -> str:
    """Return an address to go on to if it is one of the dashboard's own, else its first page."""
    is_ours = wanted is not None and (wanted == HOME or wanted.startswith((f"{HOME}/", f"{HOME}?")))
    if wanted is None or not is_ours or not wanted.isascii() or not wanted.isprintable() or "\\" in wanted:
        return HOME
    return wanted


def sign_in_path(request: web.Request) -> str:
    """Return where to sign in so as to come back to this page."""
    back = request.raw_path if request.method == "GET" else HOME
    return SIGN_IN if back == HOME else f"{SIGN_IN}?next={quote(back, safe='')}"


def check_form(request: web.Request, *, most_bytes: int) -> None:
    """Raise the problem of a request that declares no form, or too large a one."""
    check_declared(request, most_bytes=most_bytes, types=(_FORM,))


def parse_form(body: bytes) -> dict[str, str]:
    """Return the fields of a form."""
    try:
        return dict(parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=_MOST_FIELDS, errors="strict"))
    except ValueError as error:
        raise Problem(400, "malformed_form", "The form is not well formed") from error


def check_origin(request: web.Request) -> None:
    """Raise 403 for a form that another website sends."""
    # A proxy that ends TLS need not say so: then the browser's https is as good as ours.
    ours = {f"{scheme}://{request.host}" for scheme in (("https",) if is_secure(request) else ("http", "https"))}
    if request.headers.get("Origin") not in ours:
        raise Problem(403, "foreign_origin", "This form did not come from this website")


def check_csrf(request: web.Request, session: Session, form: Mapping[str, str]) -> None:
    """Raise 403 for a form that was not made for this session and the world it shows."""
    sent: Any = form.get("csrf") or request.headers.get("X-CSRF-Token", "")
    if not hmac.compare_digest(sent.encode(), session.csrf_token.encode()):
        raise Problem(403, "stale_form", "This page was out of date")
