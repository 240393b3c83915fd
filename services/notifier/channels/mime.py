"""A message as an e-mail: its headers and its two parts, in bytes ready for SMTP.

EmailMessage refuses line ends in headers, but lets NUL and other controls through: all foreign text is cleaned first.
"""

from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP, SMTPUTF8
from email.utils import format_datetime
from typing import Final

import email_validator
from msgspec import Struct

from services.notifier.message import Message
from shared.messages.formats import show_text

_LONGEST_NAME: Final = 100


class Sender(Struct, frozen=True):
    """Whose address stands in the envelope and after From; `name` where the account has none of its own."""

    name: str | None
    address: str

    @property
    def domain(self) -> str:
        """The right side of the address, and of every Message-ID."""
        return self.address.rpartition("@")[2]


class Mail(Struct, frozen=True):
    """An envelope and its content; `international` needs a server with SMTPUTF8 (RFC 6531)."""

    sender: str
    recipient: str
    international: bool
    content: bytes


class UnusableAddress(Exception):
    """No e-mail can be sent to this address."""


def deliverable_address(address: str) -> str:
    """Return an address in the form that most servers take: its domain in ASCII, its local part as it is."""
    try:
        found = email_validator.validate_email(address, check_deliverability=False)
    except email_validator.EmailNotValidError as error:
        raise UnusableAddress("the address is no e-mail address") from error
    return found.ascii_email or found.normalized


def build_mail(message: Message, sender: Sender, now: datetime) -> Mail:
    """Return the e-mail of a message, or raise `UnusableAddress`. Its Message-ID is the notification's."""
    recipient = deliverable_address(message.recipient)
    international = not recipient.isascii()
    policy = SMTPUTF8 if international else SMTP
    mail = EmailMessage(policy=policy)
    mail["From"] = _address(message.sender_name or sender.name, sender.address)
    mail["To"] = _address(message.recipient_name, recipient)
    reply_to = _reply_to(message.reply_to)
    if reply_to is not None:
        mail["Reply-To"] = _address(message.sender_name, reply_to)
    mail["Subject"] = _header_text(message.subject)
    mail["Date"] = format_datetime(now)
    mail["Message-ID"] = f"<{message.notification_id}@{sender.domain}>"
    mail["Auto-Submitted"] = "auto-generated"
    mail["X-Bugalou-Notification"] = message.kind
    mail.set_content(message.text, cte="quoted-printable")
    mail.add_alternative(message.html, subtype="html", cte="quoted-printable")
    page = mail.get_body(("html",))
    for number, image in enumerate(message.images, 1):
        if isinstance(page, EmailMessage):
            name = f"qr-{number}.png"
            page.add_related(image.png, "image", "png", cid=f"<{image.cid}>", disposition="inline", filename=name)
    mail["Content-Language"] = message.language
    return Mail(sender.address, recipient, international, mail.as_bytes())


def _reply_to(address: str | None) -> str | None:
    """Return an account's own address for answers, where it can stand in any message; a wrong one stops none."""
    try:
        usable = deliverable_address(address) if address else ""
    except UnusableAddress:
        return None
    return usable if usable and usable.isascii() else None


def _address(name: str | None, address: str) -> Address:
    local, _, domain = address.rpartition("@")
    return Address(display_name=_header_text(name or "")[:_LONGEST_NAME], username=local, domain=domain)


def _header_text(text: str) -> str:
    """Return foreign text for a header: one line, with nothing that the library would decode as an encoded word."""
    return " ".join(show_text(text).replace("=?", "= ?").split())
