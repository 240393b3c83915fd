"""The e-mail around a message: an automatic one's headers, addresses that servers take, no line slipped in."""

import email
import email.policy
from datetime import UTC, datetime
from email.message import EmailMessage
from uuid import UUID

import pytest
from msgspec.structs import replace

from services.notifier.channels.mime import Sender, UnusableAddress, build_mail
from services.notifier.message import Message
from shared.messages.images import Image

SENDER = Sender("Bugalou", "no-reply@bugalou.example")


MESSAGE = Message(
    account=UUID(int=2),
    notification_id=UUID("58f91a66-866b-4c24-aa49-533276aed313"),
    kind="reminder",
    recipient="klant@bedrijf.nl",
    recipient_name="Jan",
    sender_name=None,
    reply_to=None,
    language="nl",
    subject="Herinnering",
    text="€ 2.950,00\n.\nFrom us",
    html="<p>€</p>",
)
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


def parse(message: Message) -> EmailMessage:
    content = build_mail(message, SENDER, NOW).content
    parsed = email.message_from_bytes(content, policy=email.policy.default)
    assert isinstance(parsed, EmailMessage)
    return parsed


def test_headers_are_those_of_an_automatic_message() -> None:
    mail = parse(replace(MESSAGE, reply_to="info@studio.nl", sender_name="Studio Jansen"))
    assert mail["Message-ID"] == "<58f91a66-866b-4c24-aa49-533276aed313@bugalou.example>"
    assert mail["From"] == "Studio Jansen <no-reply@bugalou.example>"
    assert mail["Reply-To"] == "Studio Jansen <info@studio.nl>"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["X-Bugalou-Notification"] == "reminder"
    assert mail["Content-Language"] == "nl"
    assert mail["Date"].datetime == NOW
    assert mail.get_content_type() == "multipart/alternative"
    text, html = mail.iter_parts()
    assert isinstance(text, EmailMessage)
    assert isinstance(html, EmailMessage)
    assert (text.get_content_type(), html.get_content_type()) == ("text/plain", "text/html")
    assert text.get_content().splitlines() == MESSAGE.text.splitlines()


def test_a_code_travels_with_the_page_that_shows_it() -> None:
    mail = parse(replace(MESSAGE, images=(Image("qr.1@bugalou", b"\x89PNG"),)))
    assert mail.get_content_type() == "multipart/alternative"
    text, page = mail.iter_parts()
    assert isinstance(page, EmailMessage)
    assert (text.get_content_type(), page.get_content_type()) == ("text/plain", "multipart/related")
    html, image = page.iter_parts()
    assert isinstance(image, EmailMessage)
    assert html.get_content_type() == "text/html"
    assert (image["Content-ID"], image.get_content_disposition()) == ("<qr.1@bugalou>", "inline")
    assert image.get_content() == b"\x89PNG"


@pytest.mark.parametrize(
    "name",
    [
        "Jan\r\nBcc: all@evil.example",
        "Jan\nBcc: all@evil.example\n\nbody",
        "=?utf-8?q?Jan=0D=0ABcc:_all=40evil.example?=",
        'Jan" <all@evil.example>, "x',
        "a,b;c:d<e>f@g\\h(i)",
        "\0nul\x1b[31m",
        "Zoë \u202e desrever",
        "日本語" * 60,
        "x" * 500,
    ],
)
def test_no_name_can_add_a_header_or_a_recipient(name: str) -> None:
    mail = parse(replace(MESSAGE, recipient_name=name, sender_name=name, subject=name, reply_to="a@b.nl"))
    assert mail["Bcc"] is None
    for header in ("To", "From", "Reply-To"):
        assert len(mail[header].addresses) == 1
    assert mail["To"].addresses[0].addr_spec == "klant@bedrijf.nl"
    content = build_mail(replace(MESSAGE, recipient_name=name, subject=name), SENDER, NOW).content
    assert b"\0" not in content
    assert b"\nBcc" not in content


def test_international_addresses_are_written_as_most_servers_take_them() -> None:
    domain = build_mail(replace(MESSAGE, recipient="klant@münchen.de"), SENDER, NOW)
    assert (domain.recipient, domain.international) == ("klant@xn--mnchen-3ya.de", False)
    local = build_mail(replace(MESSAGE, recipient="jürgen@münchen.de"), SENDER, NOW)
    assert local.international
    assert "jürgen@münchen.de".encode() in local.content


@pytest.mark.parametrize("reply_to", ["nobody", "jürgen@münchen.de", "a@b.nl\r\nBcc: x@y.nl"])
def test_an_unusable_reply_address_stops_no_message(reply_to: str) -> None:
    mail = parse(replace(MESSAGE, reply_to=reply_to))
    assert mail["Reply-To"] is None
    assert mail["Bcc"] is None


@pytest.mark.parametrize("address", ["", "x", "a@b@c", "a b@c.nl", "a@c.nl\r\nBcc: x@y.nl", "<a@c.nl>"])
def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(UnusableAddress):
        build_mail(replace(MESSAGE, recipient=address), SENDER, NOW)
