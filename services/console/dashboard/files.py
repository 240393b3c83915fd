"""The dashboard's own files (styles, scripts, icons), each under an address that holds its hash."""

from hashlib import blake2b
from typing import Final

from aiohttp import web

from services.console.assets import FOR_EVER, REVALIDATE, Asset, load
from shared.http.problems import problem_of_status

PREFIX: Final = "/dashboard/files"
_SCRIPT: Final = "text/javascript; charset=utf-8"
_FILES: Final = {
    "dashboard.css": ("dashboard/dashboard.css", "text/css; charset=utf-8"),
    "dashboard.js": ("dashboard/dashboard.js", _SCRIPT),
    "chart.js": ("dashboard/chart.js", _SCRIPT),
    "icon.svg": ("dashboard/icon.svg", "image/svg+xml"),
    "htmx.js": ("vendor/htmx/htmx.min.js", _SCRIPT),
    "chartjs.js": ("vendor/chartjs/chart.umd.min.js", _SCRIPT),
}


class Files:
    """Holds the files in memory, and knows their addresses."""

    def __init__(self) -> None:
        self._kept: dict[str, Asset] = {}
        self._checked: dict[str, Asset] = {}
        self._addresses: dict[str, str] = {}
        for name, (path, content_type) in _FILES.items():
            self._kept[name] = load(path, content_type, FOR_EVER)
            self._checked[name] = load(path, content_type, REVALIDATE)
            version = blake2b(self._kept[name].body, digest_size=6).hexdigest()
            self._addresses[name] = f"{PREFIX}/{name}?v={version}"

    def address(self, name: str) -> str:
        """Return a file's address, which changes with the file."""
        return self._addresses[name]

    async def answer(self, request: web.Request) -> web.Response:
        """Answer with a file; one that is asked for by an older version's address is not kept for long."""
        name = request.match_info["file"]
        if name not in self._kept:
            raise problem_of_status(404)
        is_current = request.path_qs == self._addresses[name]
        return (self._kept if is_current else self._checked)[name].answer(request)
