"""The HTTP API as OpenAPI 3.1: built from the routes of every HTTP service, and from the Structs that they name."""

import re
from collections.abc import Iterator, Sequence
from importlib.metadata import version
from typing import Annotated, Any, Final
from uuid import UUID

import msgspec
from msgspec import Meta

from services.cli.documents.refusals import HEADERS, NDJSON, PROBLEM, refusals_of
from services.console.app import HANDLERS as CONSOLE
from services.gateway.app import HANDLERS as GATEWAY
from shared.http.health import HealthHandler
from shared.http.problems import ProblemDocument
from shared.http.routes import Answer, Body, Link, Parameter, Refusal, Route
from shared.orders.body import OrderNumber, Platform

HANDLERS: Final = (HealthHandler, *GATEWAY, *CONSOLE)

_REFERENCE: Final = "#/components/schemas/{name}"
_PAGES: Final = re.compile(rb"Page_([A-Za-z]+)_")
_IN_PATH: Final = re.compile(r"\{([A-Za-z]+)\}")
_PATH_PARAMETERS: Final[dict[str, tuple[Any, str]]] = {
    "platform": (Platform, "The platform that the order was sent for."),
    "orderNumber": (OrderNumber, "The order's number; a / in it is written %2F."),
    "id": (UUID, "Its id."),
    "account": (UUID, "The id of the account."),
    "email": (
        Annotated[str, Meta(max_length=254, extra_json_schema={"format": "email"})],
        "The person's e-mail address, now or in the past.",
    ),
    "address": (str, "An address as it is listed: e-mail, or a phone number (a + is written %2B)."),
}
_TAGS: Final = (
    *("Orders", "Overview", "Settings", "Notifications", "Keys", "Webhooks", "Customers", "Failures", "Hooks"),
    *("Operation", "Descriptions"),
)
"""In the order in which people read them."""
_OPEN: Final = ("OrderBody", "ItemBody")
"""Schemas that take more than they name: unknown fields of an order are warnings, unless ?strict=true."""


def routes() -> list[Route]:
    """Return every route of the API, in the order of addresses."""
    every = [route for handlers in HANDLERS for route in handlers.ROUTES if not route.is_page]
    return sorted(every, key=lambda route: (route.path, route.method))


def openapi() -> dict[str, Any]:
    """Return the document."""
    every = routes()
    schemas = _Schemas(every)
    paths: dict[str, dict[str, Any]] = {}
    for route in every:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route, schemas)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Bugalou Invoicing & Payments",
            "version": version("bugalou"),
            "summary": "Send orders and payments, read what became of them.",
            "description": (
                "A 202 means that the order is safe: the broker has confirmed it. Orders may come late, twice and out "
                "of order; an order is what all its submissions together say. Errors are problem documents (RFC 9457)."
            ),
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/", "description": "Where this document came from."}],
        "paths": paths,
        "components": {
            "schemas": schemas.components,
            "headers": HEADERS,
            "securitySchemes": {
                "apiKey": {
                    "type": "apiKey",
                    "in": "header",
                    "name": "X-API-Key",
                    "description": "bg_live_... or, for the test world, bg_test_...",
                },
                "bearer": {"type": "http", "scheme": "bearer", "description": "The same key as a bearer token."},
            },
        },
        "tags": [{"name": name} for name in _TAGS],
    }


class _Schemas:
    """The schema of every type that the routes name."""

    def __init__(self, every: Sequence[Route]) -> None:
        types = {repr(named): named for route in every for named in _types_of(route)}
        made = msgspec.json.schema_components(list(types.values()), ref_template=_REFERENCE)
        encoded = msgspec.json.encode(made)
        schemas, self.components = msgspec.json.decode(_PAGES.sub(rb"PageOf\1", encoded))
        self._schemas = dict(zip(types, schemas, strict=True))
        for name in _OPEN:
            self.components[name].pop("additionalProperties", None)

    def of(self, named: Any) -> dict[str, Any]:
        """Return the schema of a type."""
        schema: dict[str, Any] = self._schemas[repr(named)]
        return schema


def _types_of(route: Route) -> Iterator[Any]:
    yield ProblemDocument
    yield from (answer.of for answer in route.answers if answer.of is not None)
    yield from (refusal.of for refusal in route.refusals)
    for parameter in (*route.query, *route.headers):
        yield parameter.of
    for name in _IN_PATH.findall(route.path):
        yield _PATH_PARAMETERS[name][0]
    if route.body is not None:
        yield from route.body.types.values()


def _operation(route: Route, schemas: _Schemas) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": _operation_id(route),
        "summary": route.summary,
        "tags": [route.tag],
        "parameters": list(_parameters(route, schemas)),
        "responses": _responses(route, schemas),
        "security": [] if route.scope is None else [{"apiKey": []}, {"bearer": []}],
    }
    if route.scope is not None:
        operation["description"] = f"Needs a key with the scope `{route.scope}`."
    if route.body is not None:
        operation["requestBody"] = _request_body(route.body, schemas)
    return operation


def _operation_id(route: Route) -> str:
    owner, name = route.handler.__qualname__.split(".")
    owner = owner.removesuffix("Handler")
    return f"{owner[0].lower()}{owner[1:]}_{name}"


def _parameters(route: Route, schemas: _Schemas) -> Iterator[dict[str, Any]]:
    for name in _IN_PATH.findall(route.path):
        named, description = _PATH_PARAMETERS[name]
        yield {
            "name": name,
            "in": "path",
            "required": True,
            "description": description,
            "schema": schemas.of(named),
        }
    for place, parameters in (("query", route.query), ("header", route.headers)):
        for parameter in parameters:
            yield _parameter(place, parameter, schemas)


def _parameter(place: str, parameter: Parameter, schemas: _Schemas) -> dict[str, Any]:
    schema = schemas.of(parameter.of)
    described: dict[str, Any] = {
        "name": parameter.name,
        "in": place,
        "description": parameter.description,
        "schema": schema,
    }
    if schema.get("type") == "array":
        described["explode"] = False  # one parameter, commas between
    return described


def _request_body(body: Body, schemas: _Schemas) -> dict[str, Any]:
    content: dict[str, Any] = {}
    for media_type, named in body.types.items():
        if media_type == NDJSON:
            content[media_type] = _lines(schemas.of(named), body)
        else:
            examples = {name: {"value": value} for name, value in body.examples.items()}
            content[media_type] = {"schema": schemas.of(named), "examples": examples}
    return {"required": body.is_required, "description": body.description, "content": content}


def _lines(lines: dict[str, Any], body: Body) -> dict[str, Any]:
    """Return the description of NDJSON: as OpenAPI 3.2 has it, the schema is that of the lines as an array."""
    example = next(iter(body.examples.values()))
    return {"schema": lines, "example": "".join(f"{msgspec.json.encode(order).decode()}\n" for order in example)}


def _responses(route: Route, schemas: _Schemas) -> dict[str, Any]:
    responses = {str(answer.status): _response(route, answer, schemas) for answer in route.answers}
    for refusal in refusals_of(route):
        responses.setdefault(str(refusal.status), _refusal(refusal, schemas))
    return dict(sorted(responses.items()))


def _response(route: Route, answer: Answer, schemas: _Schemas) -> dict[str, Any]:
    limits = () if route.scope is None else ("RateLimit", "RateLimit-Policy")
    response: dict[str, Any] = {"description": answer.description}
    if answer.headers or limits:
        response["headers"] = _headers((*answer.headers, *limits))
    if answer.of is not None:
        response["content"] = {answer.media_type: {"schema": schemas.of(answer.of)}}
    if answer.links:
        response["links"] = {name: _link(link) for name, link in answer.links.items()}
    return response


def _link(link: Link) -> dict[str, Any]:
    parameters = {name: f"$response.body#{pointer}" for name, pointer in link.parameters.items()}
    path = link.path.replace("~", "~0").replace("/", "~1")
    return {"operationRef": f"#/paths/{path}/{link.method.lower()}", "parameters": parameters}


def _refusal(refusal: Refusal, schemas: _Schemas) -> dict[str, Any]:
    return {
        "description": refusal.description,
        "headers": _headers((*refusal.headers, "X-Request-Id")),
        "content": {PROBLEM: {"schema": schemas.of(refusal.of)}},
    }


def _headers(names: Sequence[str]) -> dict[str, Any]:
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}
