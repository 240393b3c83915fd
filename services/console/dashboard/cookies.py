"""The dashboard's two cookies: the session, which scripts cannot read and other sites cannot send, and the language."""

from typing import Final

from aiohttp import web

_SESSION: Final = "bugalou_session"
_LANGUAGE: Final = "bugalou_language"
_YEAR_SECONDS: Final = 365 * 24 * 3600


def is_secure(request: web.Request) -> bool:
    """Tell whether the browser speaks HTTPS, with us or with a proxy before us.

    A client that lies here only gets itself a cookie that its browser does not send back.
    """
    forwarded = request.headers.get("X-Forwarded-Proto", "").split(",")[0].strip().lower()
    return request.secure or forwarded == "https"


def session_token(request: web.Request) -> str | None:
    """Return the session cookie's value."""
    return request.cookies.get(_session_name(request))


def set_session(request: web.Request, response: web.Response, token: str, seconds: int) -> None:
    """Sign the browser in."""
    _set(request, response, _session_name(request), token, seconds)


def forget_session(request: web.Request, response: web.Response) -> None:
    """Sign the browser out."""
    _set(request, response, _session_name(request), "", 0)


def chosen_language(request: web.Request) -> str | None:
    """Return the language that was chosen in this browser."""
    return request.cookies.get(_LANGUAGE)


def choose_language(request: web.Request, response: web.Response, language: str) -> None:
    """Remember a language."""
    _set(request, response, _LANGUAGE, language, _YEAR_SECONDS)


def _session_name(request: web.Request) -> str:
    # __Host-: set by this very host, over HTTPS (RFC 6265bis), so no neighbouring site can plant one.
    return f"__Host-{_SESSION}" if is_secure(request) else _SESSION


def _set(request: web.Request, response: web.Response, name: str, value: str, seconds: int) -> None:
    response.set_cookie(
        name, value, max_age=seconds, path="/", httponly=True, samesite="Lax", secure=is_secure(request)
    )
