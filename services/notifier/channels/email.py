"""E-mail over SMTP: what each answer of the server means for the message (RFC 5321, section 4.2.1; RFC 3463)."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from aiosmtplib import (
    SMTPException,
    SMTPNotSupported,
    SMTPRecipientsRefused,
    SMTPResponseException,
    SMTPSenderRefused,
)

from services.notifier.channels.mime import Mail, Sender, UnusableAddress, build_mail
from services.notifier.channels.smtp import SmtpConnections, SmtpUnavailable
from services.notifier.message import Message
from services.notifier.outcome import Outcome, PutOff, Refused, Sent, Unreachable

_PERMANENT: Final = 500
_TOO_BIG: Final = 552


class EmailChannel:
    """Sends messages as e-mail. `deadline_seconds` bounds a whole delivery, connecting included."""

    def __init__(
        self,
        connections: SmtpConnections,
        sender: Sender,
        *,
        deadline_seconds: float,
        clock: Callable[[], datetime],
    ) -> None:
        self._connections = connections
        self._sender = sender
        self._deadline_seconds = deadline_seconds
        self._clock = clock

    def resting(self) -> Sequence[UUID]:
        """Return nobody: all accounts share one mail server."""
        return ()

    async def deliver(self, message: Message) -> Outcome:
        """Hand one message to the server; whatever goes wrong is told by the outcome."""
        try:
            mail = build_mail(message, self._sender, self._clock())
        except UnusableAddress as error:
            return Refused(str(error))
        try:
            async with asyncio.timeout(self._deadline_seconds):
                return await self._hand_over(mail)
        except SmtpUnavailable as error:
            return Unreachable(f"the mail server is away: {error}")
        except (SMTPException, OSError, TimeoutError, ValueError) as error:
            return outcome_of(error)

    async def close(self) -> None:
        """Leave the server."""
        await self._connections.close()

    async def _hand_over(self, mail: Mail) -> Outcome:
        options = ["SMTPUTF8", "BODY=8BITMIME"] if mail.international else []
        async with self._connections.connection() as smtp:
            _, response = await smtp.sendmail(mail.sender, [mail.recipient], mail.content, mail_options=options)
        return Sent(response)


def outcome_of(error: Exception) -> Outcome:
    """Return what a failed hand-over means; before it, the server had answered, so it is not away."""
    match error:
        case SMTPNotSupported():
            return Refused("the mail server takes no international addresses")
        case SMTPRecipientsRefused(recipients=[refusal, *_]):
            return _answered(refusal.code, refusal.message)
        case SMTPSenderRefused(code=code, message=text) if code != _TOO_BIG:
            # Our own address is refused: the operator's to mend, and no recipient's fault.
            return PutOff(f"{code} {text}")
        case SMTPResponseException(code=code, message=text):
            return _answered(code, text)
        case ValueError():
            return Refused("the address cannot be written in SMTP")
        case _:
            # Lost or silent in the middle: it may have been taken. A second copy is known by its Message-ID.
            return PutOff(f"the connection was lost ({type(error).__name__})")


def _answered(code: int, text: str) -> Outcome:
    return Refused(f"{code} {text}") if code >= _PERMANENT else PutOff(f"{code} {text}")
