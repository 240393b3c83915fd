"""GET and POST /hooks/whatsapp/{account}: where Meta tells what became of an account's messages.

https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/create-webhook-endpoint
"""

import re
from typing import Annotated, Any, Final
from uuid import UUID

from aiohttp import web
from msgspec import Meta

from services.console.whatsapp_hook import HookSecrets, StatusInbox, read_statuses
from shared.http.bodies import check_declared
from shared.http.problems import Problem
from shared.http.routes import JSON, Answer, Body, Parameter, Refusal, Route
from shared.http.strangers import Strangers
from shared.telemetry import log

MOST_BYTES: Final = 3 * 1024 * 1024
"""The largest post that Meta announces."""

_ALL_BODIES_BYTES: Final = 8 * MOST_BYTES
"""Anybody may post here: all of it together holds no more memory than this, and what one sender posts a quarter."""

_BODY_SECONDS: Final = 10.0
_CHALLENGE: Final = re.compile(r"[A-Za-z0-9_.-]{1,200}", re.ASCII)
_SIGNATURE: Final = "X-Hub-Signature-256"
_NOT_FOUND: Final = Refusal(status=404, description="This account has no access to WhatsApp.")


class WhatsAppHookHandler:
    """Takes statuses, each post whole or not at all."""

    def __init__(self, inbox: StatusInbox) -> None:
        self._inbox = inbox
        self._strangers = Strangers(most_bytes=_ALL_BODIES_BYTES, most_bytes_of_one=_ALL_BODIES_BYTES // 4)

    async def verify(self, request: web.Request) -> web.Response:
        """Prove to Meta that this address is the account's: answer its challenge where it knows the verify token."""
        secrets = await self._secrets(request)
        query = request.query
        if query.get("hub.mode") != "subscribe" or not secrets.knows(query.get("hub.verify_token", "")):
            raise Problem(403, "wrong_verify_token", "The verify token is not the one of this account")
        challenge = query.get("hub.challenge", "")
        if not _CHALLENGE.fullmatch(challenge):
            raise Problem(403, "wrong_challenge", "The challenge is none of Meta's")
        return web.Response(text=challenge, headers={"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"})

    async def take(self, request: web.Request) -> web.Response:
        """Take the statuses in a signed post; 200 says that they are stored."""
        secrets = await self._secrets(request)
        signature = request.headers.get(_SIGNATURE, "")
        if not signature:
            raise _unsigned()
        check_declared(request, most_bytes=MOST_BYTES)
        async with self._strangers.body(request, most_bytes=MOST_BYTES, seconds=_BODY_SECONDS) as body:
            if not secrets.has_signed(body, signature):
                raise _unsigned()
            statuses = read_statuses(body)
        kept = await self._inbox.keep(_account_of(request), statuses) if statuses else 0
        log.info("whatsapp.statuses", statuses=len(statuses), new=kept)
        return web.Response(text="OK", headers={"Cache-Control": "no-store"})

    async def _secrets(self, request: web.Request) -> HookSecrets:
        secrets = await self._inbox.secrets_of(_account_of(request))
        if secrets is None:
            raise _not_found()
        return secrets

    ROUTES = (
        Route(
            method="GET",
            path="/hooks/whatsapp/{account}",
            handler=verify,
            summary="Prove to Meta whose address this is",
            tag="Hooks",
            scope=None,
            query=(
                Parameter(name="hub.mode", of=str, description="Is `subscribe`."),
                Parameter(name="hub.verify_token", of=str, description="The account's verify token."),
                Parameter(
                    name="hub.challenge",
                    of=Annotated[str, Meta(pattern=r"^[A-Za-z0-9_.-]{1,200}$")],
                    description="What is to be answered.",
                ),
            ),
            answers=(Answer(status=200, description="The challenge.", of=str, media_type="text/plain"),),
            refusals=(
                _NOT_FOUND,
                Refusal(status=403, description="The verify token or the challenge is wrong."),
                Refusal(status=503, description="The service cannot do this right now.", headers=("Retry-After",)),
            ),
        ),
        Route(
            method="POST",
            path="/hooks/whatsapp/{account}",
            handler=take,
            summary="Take what became of messages",
            tag="Hooks",
            scope=None,
            headers=(
                Parameter(
                    name=_SIGNATURE,
                    of=Annotated[str, Meta(pattern="^sha256=[0-9a-f]{64}$")],
                    description="HMAC-SHA256 of the raw body with the app secret.",
                ),
            ),
            body=Body(
                types={JSON: dict[str, Any]},
                description="As Meta's reference of the status webhook has it; all but statuses is passed over.",
                examples={
                    "delivered": {
                        "object": "whatsapp_business_account",
                        "entry": [
                            {
                                "id": "102290129340398",
                                "changes": [
                                    {
                                        "field": "messages",
                                        "value": {
                                            "messaging_product": "whatsapp",
                                            "statuses": [
                                                {
                                                    "id": "wamid.HBgLMzE2MTIzNDU2NzgVAgARGBI",
                                                    "status": "delivered",
                                                    "timestamp": "1795000000",
                                                    "recipient_id": "31612345678",
                                                }
                                            ],
                                        },
                                    }
                                ],
                            }
                        ],
                    }
                },
            ),
            answers=(Answer(status=200, description="Stored.", of=str, media_type="text/plain"),),
            refusals=(
                _NOT_FOUND,
                Refusal(status=403, description="Not signed with the account's app secret."),
                Refusal(status=503, description="Try again later: nothing was stored.", headers=("Retry-After",)),
            ),
        ),
    )


def _account_of(request: web.Request) -> UUID:
    try:
        return UUID(request.match_info["account"])
    except ValueError:
        raise _not_found() from None


def _not_found() -> Problem:
    return Problem(404, "not_found", "There is nothing at this address")


def _unsigned() -> Problem:
    return Problem(403, "wrong_signature", "The body is not signed with the app secret of this account")
