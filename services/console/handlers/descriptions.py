"""GET /openapi.json, /asyncapi.json and /docs: the API and its events described, for programs and for people."""

from typing import Any, Final

from aiohttp import web

from services.console.assets import FOR_EVER, Asset, load
from shared.http.problems import problem_of_status
from shared.http.routes import Answer, Route

_SWAGGER_UI: Final = "swagger-ui-5.35.0"
_SCRIPT: Final = "text/javascript; charset=utf-8"
_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_NOT_MODIFIED: Final = Answer(
    status=304, description="The copy that If-None-Match names is still right.", headers=("ETag", "Cache-Control")
)


class DescriptionsHandler:
    """Answers with the descriptions as they were when this was built, and with a page that shows one."""

    def __init__(self) -> None:
        self._openapi = load("openapi.json", "application/json")
        self._asyncapi = load("asyncapi.json", "application/json")
        self._page = load("docs.html", "text/html; charset=utf-8")
        self._files: dict[str, Asset] = {
            "docs.js": load("docs.js", _SCRIPT),
            f"{_SWAGGER_UI}.js": load("vendor/swagger-ui/swagger-ui-bundle.js", _SCRIPT, FOR_EVER),
            f"{_SWAGGER_UI}.css": load("vendor/swagger-ui/swagger-ui.css", "text/css; charset=utf-8", FOR_EVER),
        }

    async def openapi(self, request: web.Request) -> web.Response:
        """Answer with the description of the HTTP API."""
        return self._openapi.answer(request)

    async def asyncapi(self, request: web.Request) -> web.Response:
        """Answer with the description of the events."""
        return self._asyncapi.answer(request)

    async def page(self, request: web.Request) -> web.Response:
        """Answer with the page."""
        return self._page.answer(request, {"Content-Security-Policy": _POLICY})

    async def file(self, request: web.Request) -> web.Response:
        """Answer with a file of the page."""
        file = self._files.get(request.match_info["file"])
        if file is None:
            raise problem_of_status(404)
        return file.answer(request)

    ROUTES = (
        Route(
            method="GET",
            path="/openapi.json",
            handler=openapi,
            summary="This description",
            tag="Descriptions",
            scope=None,
            answers=(
                Answer(
                    status=200,
                    description="OpenAPI 3.1; people read it at /docs.",
                    of=dict[str, Any],
                    headers=("ETag", "Cache-Control"),
                ),
                _NOT_MODIFIED,
            ),
        ),
        Route(
            method="GET",
            path="/asyncapi.json",
            handler=asyncapi,
            summary="The events, described",
            tag="Descriptions",
            scope=None,
            answers=(
                Answer(
                    status=200,
                    description="AsyncAPI 3.0.",
                    of=dict[str, Any],
                    headers=("ETag", "Cache-Control"),
                ),
                _NOT_MODIFIED,
            ),
        ),
        Route(
            method="GET",
            path="/docs",
            handler=page,
            summary="The API, for people",
            tag="Descriptions",
            scope=None,
            answers=(Answer(status=200, description="A page.", of=str, media_type="text/html"),),
            is_page=True,
        ),
        Route(
            method="GET",
            path="/docs/{file}",
            handler=file,
            summary="What the page is made of",
            tag="Descriptions",
            scope=None,
            answers=(Answer(status=200, description="A file.", of=str, media_type="text/javascript"),),
            is_page=True,
        ),
    )
