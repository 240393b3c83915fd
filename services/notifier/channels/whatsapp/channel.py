"""WhatsApp as a channel: a template for each message, and for each account a rest of its own when its access fails."""

import asyncio
import random
from collections.abc import Sequence
from typing import Final
from uuid import UUID

from msgspec.structs import replace

from services.notifier.channels.whatsapp.cloud_api import CloudApi, InDoubt, NotConnected
from services.notifier.channels.whatsapp.credentials import Credentials, FindsCredentials
from services.notifier.channels.whatsapp.meaning import DOUBT_SECONDS, is_crowded, outcome_of
from services.notifier.channels.whatsapp.rests import Rests
from services.notifier.channels.whatsapp.wire import write_request
from services.notifier.message import Message
from services.notifier.outcome import (
    Outcome,
    PutOff,
    Resting,
    Undeliverable,
    Unreachable,
    Unusable,
)
from shared.errors import Unavailable
from shared.recent import Recent

REFUSED_SECONDS: Final = 60.0
"""How long credentials that were refused are not tried again; others are, at once."""

CROWDED_SECONDS: Final = 2.0
_MOST_REFUSED: Final = 1_000


class WhatsAppChannel:
    """Sends messages as template messages. Which notification a message is goes with it, and comes back in statuses."""

    def __init__(self, api: CloudApi, credentials: FindsCredentials) -> None:
        self._api = api
        self._credentials = credentials
        self._rests = Rests()
        self._refused: Recent[Credentials, str] = Recent(seconds=REFUSED_SECONDS, most=_MOST_REFUSED)

    def resting(self) -> Sequence[UUID]:
        """Return the accounts whose messages are not to be claimed now."""
        return self._rests.resting(_now())

    async def deliver(self, message: Message) -> Outcome:
        """Hand one message over; whatever goes wrong is told by the outcome."""
        if message.template is None:
            return Undeliverable("the message has no form for WhatsApp")
        try:
            credentials = await self._credentials.of(message.account)
        except Unavailable as error:
            return Resting(str(error), self._rests.fails(message.account, _now(), random.random()))  # noqa: S311  # spread
        if credentials is None:
            return Unusable("WhatsApp is not set up: no phone number id and access token")
        if credentials in self._refused:
            return Unusable(self._refused[credentials])
        body = write_request(message.recipient, message.template, str(message.notification_id))
        return await self._post(message.account, credentials, body)

    async def close(self) -> None:
        """Leave the server."""
        await self._api.close()

    async def _post(self, account: UUID, credentials: Credentials, body: bytes) -> Outcome:
        chance = random.random()  # noqa: S311  # spreads pauses, guards nothing
        try:
            answer = await self._api.post(credentials, body)
        except NotConnected as error:
            return Unreachable(f"WhatsApp is away: {error}")
        except InDoubt as error:
            self._rests.fails(account, _now(), chance)
            return PutOff(f"{error}; it may have been taken", DOUBT_SECONDS)
        outcome = outcome_of(answer)
        match outcome:
            case Unusable(reason):
                self._refused[credentials] = reason
                self._rests.works(account)
            case Resting(pause_seconds=least):
                return replace(outcome, pause_seconds=max(least, self._rests.fails(account, _now(), chance)))
            case PutOff() if is_crowded(answer):
                self._rests.pause(account, _now(), CROWDED_SECONDS)
            case _:
                self._rests.works(account)
        return outcome


def _now() -> float:
    return asyncio.get_running_loop().time()
