"""GET, PUT and DELETE /api/v1/settings/whatsapp: an account's access to WhatsApp."""

from aiohttp import web

from services.console.documents.settings import WhatsAppAnswer
from services.console.handlers.answers import answer, no_content
from services.console.whatsapp import WhatsAppAccounts
from services.console.whatsapp_body import MOST_BYTES, WhatsAppBody, read_whatsapp
from shared.http.authentication import FindsKeys, authenticate
from shared.http.bodies import check_declared, read_body
from shared.http.problems import Problem
from shared.http.routes import JSON, Answer, Body, Refusal, Route, refuse_unknown_parameters
from shared.keys import ApiKey


class WhatsAppHandler:
    """Answers with an account's access to WhatsApp, never with its secrets, and takes another."""

    def __init__(self, keys: FindsKeys, accounts: WhatsAppAccounts, *, body_seconds: float) -> None:
        self._keys = keys
        self._accounts = accounts
        self._body_seconds = body_seconds

    async def read(self, request: web.Request) -> web.Response:
        """Answer with the access; of each secret, whether it is set."""
        key = authenticate(request, self._keys)
        refuse_unknown_parameters(request)
        return answer({"success": True, "whatsapp": await self._accounts.read(key)})

    async def replace(self, request: web.Request) -> web.Response:
        """Replace the access; secrets that are not sent stay as they are."""
        key = authenticate(request, self._keys)
        refuse_unknown_parameters(request)
        _need_live(key)
        check_declared(request, most_bytes=MOST_BYTES)
        draft = read_whatsapp(await read_body(request, most_bytes=MOST_BYTES, seconds=self._body_seconds))
        access = await self._accounts.replace(key.account, draft)
        if access is None:
            raise Problem(409, "token_needed", "There is no access token yet: the first time, it is needed")
        return answer({"success": True, "whatsapp": access})

    async def delete(self, request: web.Request) -> web.Response:
        """Forget the access, secrets included; doing it again changes nothing."""
        key = authenticate(request, self._keys)
        refuse_unknown_parameters(request)
        _need_live(key)
        await self._accounts.delete(key.account)
        return no_content()

    ROUTES = (
        Route(
            method="GET",
            path="/api/v1/settings/whatsapp",
            handler=read,
            summary="Read the account's access to WhatsApp",
            tag="Settings",
            scope="admin",
            answers=(Answer(status=200, description="Secrets are never shown, only whether set.", of=WhatsAppAnswer),),
        ),
        Route(
            method="PUT",
            path="/api/v1/settings/whatsapp",
            handler=replace,
            summary="Replace the account's access to WhatsApp",
            tag="Settings",
            scope="admin",
            body=Body(
                types={JSON: WhatsAppBody},
                description="Secrets that are absent stay as they are; the token is needed the first time.",
                examples={
                    "a phone number": {
                        "phoneNumberId": "106540352242922",
                        "token": "EAAG-the-token-of-a-system-user",
                        "appSecret": "0123456789abcdef0123456789abcdef",
                        "verifyToken": "a-word-of-your-choice",
                    }
                },
            ),
            answers=(Answer(status=200, description="The access as it is now.", of=WhatsAppAnswer),),
            refusals=(Refusal(status=409, description="There is no access token yet, and none was sent."),),
        ),
        Route(
            method="DELETE",
            path="/api/v1/settings/whatsapp",
            handler=delete,
            summary="Forget the account's access to WhatsApp",
            tag="Settings",
            scope="admin",
            answers=(Answer(status=204, description="Forgotten; messages go by e-mail."),),
        ),
    )


def _need_live(key: ApiKey) -> None:
    """Raise 403 for a key of the test world: what it changes would change what real clients get."""
    if not key.live:
        raise Problem(403, "live_key_needed", "A key of the test world cannot change the access to WhatsApp")
