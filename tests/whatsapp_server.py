"""A Cloud API to test against, written from Meta's documentation: it takes what that takes, and refuses all else.

https://developers.facebook.com/documentation/business-messaging/whatsapp/messages/template-messages
https://developers.facebook.com/documentation/business-messaging/whatsapp/support/error-codes
https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/reference/messages/status
"""

import asyncio
import hashlib
import hmac
import json
import re
from collections.abc import Callable, Mapping
from typing import Any, Final

import aiohttp
from aiohttp import web

from shared.messages.wording.templates import BODIES, BUTTON_BODIES

PHONE_NUMBER_ID: Final = "106540352242922"
TOKEN: Final = "EAAG-a-token-of-a-system-user"
APP_SECRET: Final = "0123456789abcdef0123456789abcdef"

HTTP_STATUS: Final[Mapping[int, int]] = {
    4: 429,
    10: 403,
    80007: 429,
    130429: 429,
    131000: 500,
    131016: 500,
    131048: 429,
    131056: 429,
    190: 401,
    132001: 404,
}
"""With which status a code comes; the others come with 400."""

_PLACEHOLDER: Final = re.compile(r"\{\{[0-9]\}\}")
_FORBIDDEN: Final = re.compile(r"[\n\t]| {5,}")


class ApiFault(Exception):
    """What the API refuses, by its code."""

    def __init__(self, code: int, details: str, status: int | None = None) -> None:
        super().__init__(details)
        self.code = code
        self.details = details
        self.status = status or HTTP_STATUS.get(code, 400)


class CloudApiServer:
    """Takes template messages of the templates in this repository, registered in both languages.

    `codes` are answered before anything is taken, one a message; `codes_by_number` to every message to that number.
    `gate`, where set, holds answers back after the message was taken; `dropped` connections are closed then instead.
    """

    def __init__(self, token: str = TOKEN, app_secret: str = APP_SECRET) -> None:
        self.tokens = {PHONE_NUMBER_ID: token}
        self.app_secret = app_secret
        self.taken: list[dict[str, Any]] = []
        self.requests = 0
        self.connections: set[object] = set()
        self.faults: list[str] = []
        self.codes: list[int] = []
        self.codes_by_number: dict[str, int] = {}
        self.raw_answers: list[tuple[int, bytes]] = []
        self.dropped = 0
        self.gate: asyncio.Event | None = None
        self.on_taken: Callable[[dict[str, Any]], None] | None = None
        self.port = 0
        self._runner: web.AppRunner | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def start(self, port: int = 0) -> None:
        application = web.Application()
        application.router.add_post("/{version}/{phone_number_id}/messages", self._answer)
        self._runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", port)
        await site.start()
        self.port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        self.requests += 1
        self.connections.add(request.protocol)
        if self.raw_answers:
            status, body = self.raw_answers.pop(0)
            return web.Response(status=status, body=body)
        try:
            message = self._check(request, await request.read())
        except ApiFault as fault:
            if fault.code in (0, 1, 100):
                self.faults.append(fault.details)
            return web.json_response(error_of(fault.code, fault.details), status=fault.status)
        message["id"] = f"wamid.HBgL{len(self.taken):08d}"
        self.taken.append(message)
        if self.on_taken is not None:
            self.on_taken(message)
        if self.dropped:
            self.dropped -= 1
            if request.transport is not None:
                request.transport.close()
        if self.gate is not None:
            await self.gate.wait()
        return web.json_response(
            {
                "messaging_product": "whatsapp",
                "contacts": [{"input": message["to"], "wa_id": message["to"]}],
                "messages": [{"id": message["id"], "message_status": "accepted"}],
            }
        )

    def _check(self, request: web.Request, body: bytes) -> dict[str, Any]:
        if not re.fullmatch(r"v[0-9]+\.[0-9]+", request.match_info["version"]):
            raise ApiFault(1, "unknown version")
        token = self.tokens.get(request.match_info["phone_number_id"])
        if token is None:
            raise ApiFault(33, "no such phone number id")
        if request.headers.getall("Authorization", []) != [f"Bearer {token}"]:
            raise ApiFault(190, "the access token is expired")
        if request.content_type != "application/json":
            raise ApiFault(100, "the body is no JSON")
        message = json.loads(body)
        check_message(message)
        code = self.codes_by_number.get(message["to"]) or (self.codes.pop(0) if self.codes else 0)
        if code:
            raise ApiFault(code, "as the test has it")
        assert isinstance(message, dict)
        return message

    def status(self, message: Mapping[str, Any], status: str, code: int | None = None) -> bytes:
        """Return the post that tells of one message."""
        told: dict[str, Any] = {
            "id": message["id"],
            "status": status,
            "timestamp": "1795000000",
            "recipient_id": message["to"],
            "recipient_type": "individual",
        }
        if status != "failed":
            told["biz_opaque_callback_data"] = message["biz_opaque_callback_data"]
        if code is not None:
            told["errors"] = [
                {"code": code, "title": "title", "message": "title", "error_data": {"details": "more"}, "href": "/"}
            ]
        return post_of([told])

    def sign(self, body: bytes) -> str:
        return sign(body, self.app_secret)

    async def post(self, url: str, body: bytes) -> int:
        """Post to a status webhook as Meta does; return its answer."""
        headers = {"Content-Type": "application/json", "X-Hub-Signature-256": self.sign(body)}
        async with aiohttp.ClientSession() as session, session.post(url, data=body, headers=headers) as response:
            return response.status


def error_of(code: int, details: str) -> dict[str, Any]:
    return {
        "error": {
            "message": f"(#{code}) something",
            "type": "OAuthException",
            "code": code,
            "error_data": {"messaging_product": "whatsapp", "details": details},
            "fbtrace_id": "Az8or2yhqkZfEZ-_4Qn_Bam",
        }
    }


def post_of(statuses: list[dict[str, Any]]) -> bytes:
    value = {
        "messaging_product": "whatsapp",
        "metadata": {"display_phone_number": "15550783881", "phone_number_id": PHONE_NUMBER_ID},
        "statuses": statuses,
    }
    changes = [{"value": value, "field": "messages"}]
    document = {"object": "whatsapp_business_account", "entry": [{"id": "102290129340398", "changes": changes}]}
    return json.dumps(document).encode()


def sign(body: bytes, app_secret: str) -> str:
    return f"sha256={hmac.new(app_secret.encode(), body, hashlib.sha256).hexdigest()}"


def check_message(message: Any) -> None:
    """Raise the fault of a body that is no template message, to the last member."""
    check_members(
        message, {"messaging_product", "recipient_type", "to", "type", "template", "biz_opaque_callback_data"}
    )
    for name, wanted in (("messaging_product", "whatsapp"), ("recipient_type", "individual"), ("type", "template")):
        if message[name] != wanted:
            raise ApiFault(100, f"{name} must be {wanted}")
    if not re.fullmatch(r"[1-9][0-9]{6,14}", message["to"]):
        raise ApiFault(100, "to must be a phone number's digits")
    if not 0 < len(message["biz_opaque_callback_data"]) <= 512:
        raise ApiFault(100, "biz_opaque_callback_data is too long")
    template = message["template"]
    check_members(template, {"name", "language", "components"})
    check_members(template["language"], {"code"})
    bodies = (BODIES | BUTTON_BODIES).get(template["name"], {})
    if template["language"]["code"] not in bodies:
        raise ApiFault(132001, "template name does not exist in the translation")
    check_components(template, bodies[template["language"]["code"]])


def check_components(template: dict[str, Any], registered: str) -> None:
    kinds = [component.get("type") for component in template["components"]]
    has_button = template["name"] in BUTTON_BODIES
    if kinds != (["body", "button"] if has_button else ["body"]):
        raise ApiFault(132000, "the components are not those of the template")
    for component in template["components"]:
        check_members(
            component,
            {"type", "parameters"} | ({"sub_type", "index"} if component["type"] == "button" else set()),
        )
        if component["type"] == "button" and (component["sub_type"], component["index"]) != ("url", "0"):
            raise ApiFault(100, "the button is no url button at index 0")
        for parameter in component["parameters"]:
            check_members(parameter, {"type", "text"})
            if parameter["type"] != "text" or not parameter["text"] or _FORBIDDEN.search(parameter["text"]):
                raise ApiFault(100, "Param text cannot have new-line/tab characters or more than 4 consecutive spaces")
    parameters = template["components"][0]["parameters"]
    if len(parameters) != len(set(_PLACEHOLDER.findall(registered))):
        raise ApiFault(132000, "number of localizable_params does not match the expected number of params")
    if len(_PLACEHOLDER.sub("", registered)) + sum(len(parameter["text"]) for parameter in parameters) > 1024:
        raise ApiFault(132005, "translated text too long")
    if has_button and len(template["components"][1]["parameters"]) != 1:
        raise ApiFault(132000, "the button takes one parameter")


def check_members(value: Any, wanted: set[str]) -> None:
    if not isinstance(value, dict) or set(value) != wanted:
        raise ApiFault(100, f"must have exactly the members {sorted(wanted)}")
