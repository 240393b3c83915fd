"""What stands on the wire of the Cloud API: a template message, and what is answered.

https://developers.facebook.com/documentation/business-messaging/whatsapp/messages/template-messages
"""

from typing import Literal

import msgspec
from msgspec import Struct

from shared.errors import UNREADABLE
from shared.messages.whatsapp import TemplateMessage


class Text(Struct, frozen=True):
    """One parameter: it takes the place of {{1}}, {{2}}, ..."""

    text: str
    type: Literal["text"] = "text"


class BodyComponent(Struct, frozen=True):
    """The parameters of the template's text."""

    parameters: list[Text]
    type: Literal["body"] = "body"


class ButtonComponent(Struct, frozen=True):
    """The end of the address that the template's one button opens."""

    parameters: list[Text]
    type: Literal["button"] = "button"
    sub_type: Literal["url"] = "url"
    index: Literal["0"] = "0"


class Language(Struct, frozen=True):
    """The language of the template, as it was registered."""

    code: str


class Template(Struct, frozen=True):
    """A template that Meta has approved, by its name."""

    name: str
    language: Language
    components: list[BodyComponent | ButtonComponent]


class MessageRequest(Struct, frozen=True, kw_only=True):
    """One message to one phone; `biz_opaque_callback_data` comes back with its statuses."""

    messaging_product: Literal["whatsapp"] = "whatsapp"
    recipient_type: Literal["individual"] = "individual"
    to: str
    type: Literal["template"] = "template"
    template: Template
    biz_opaque_callback_data: str


class _TakenMessage(Struct, frozen=True):
    id: str


class _Taken(Struct, frozen=True):
    messages: list[_TakenMessage]


class _ErrorData(Struct, frozen=True):
    details: str = ""


class ApiError(Struct, frozen=True):
    """Why a message was not taken; what decides is the code, and `details` says more to the operator."""

    code: int = 0
    message: str = ""
    error_data: _ErrorData | None = None

    @property
    def details(self) -> str:
        """What the server adds to the code, if anything."""
        return self.error_data.details if self.error_data is not None else ""


class _Failed(Struct, frozen=True):
    error: ApiError


def write_request(to: str, template: TemplateMessage, reference: str) -> bytes:
    """Return the body that sends a template to a phone number (E.164; the API wants its digits alone)."""
    components: list[BodyComponent | ButtonComponent] = [BodyComponent([Text(text) for text in template.parameters])]
    if template.button is not None:
        components.append(ButtonComponent([Text(template.button)]))
    request = MessageRequest(
        to=to.removeprefix("+"),
        template=Template(template.name, Language(template.language), components),
        biz_opaque_callback_data=reference,
    )
    return msgspec.json.encode(request)


def read_taken(body: bytes) -> str | None:
    """Return the id of the message that a 2xx says was taken, or None where it names none."""
    try:
        taken = msgspec.json.decode(body, type=_Taken)
    except UNREADABLE:
        return None
    return taken.messages[0].id or None if taken.messages else None


def read_error(body: bytes) -> ApiError | None:
    """Return the error in an answer, or None where there is none of the Cloud API's (a proxy's page, say)."""
    try:
        return msgspec.json.decode(body, type=_Failed).error
    except UNREADABLE:
        return None
