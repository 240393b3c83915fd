"""The body of PUT /api/v1/settings/whatsapp: an account's access to WhatsApp, checked for sense."""

import re
from typing import Annotated, Any, Final, Literal

from msgspec import Meta, Struct, defstruct

from services.console.members import Members
from shared.errors import Fault, InvalidInput
from shared.messages.whatsapp import TEMPLATE_NAMES
from shared.orders.contact import url_fault
from shared.orders.text import text_fault

MOST_BYTES: Final = 16 * 1024
USUAL_VERSION: Final = "v24.0"

_DIGITS: Final = re.compile(r"[0-9]{5,32}", re.ASCII)
_VERSION: Final = re.compile(r"v[0-9]{1,3}\.[0-9]{1,2}", re.ASCII)
_NAME: Final = re.compile(r"[a-z0-9_]{1,512}", re.ASCII)
_SECRET: Final = re.compile(r"[!-~]{8,1024}", re.ASCII)
_LONGEST_BASE: Final = 1000

_SECRET_IS: Final = "8 to 1024 characters of ASCII without spaces"  # noqa: S105  # no password
_VERSION_IS: Final = "a version of the Graph API such as v24.0"
_BASE_IS: Final = "null, or the beginning of the links that the button of the templates opens"


def _or_empty(**schema: Any) -> dict[str, Any]:
    return {"anyOf": [schema, {"const": ""}]}


_Digits = Annotated[str, Meta(extra_json_schema={"pattern": "^[0-9]{5,32}$"})]
_Secret = Annotated[str, Meta(extra_json_schema={**_or_empty(pattern="^[!-~]{8,1024}$"), "writeOnly": True})]
_Version = Annotated[str, Meta(extra_json_schema=_or_empty(pattern=r"^v[0-9]{1,3}\.[0-9]{1,2}$"))]
_TemplateName = Annotated[str, Meta(extra_json_schema=_or_empty(pattern="^[a-z0-9_]{1,512}$"))]
_LinkBase = Annotated[str, Meta(max_length=_LONGEST_BASE, extra_json_schema=_or_empty(format="uri"))]


TemplateNamesBody = defstruct(
    "TemplateNamesBody",
    [(name, _TemplateName | None, None) for name in TEMPLATE_NAMES],
    namespace={"__doc__": "The templates that have another name at Meta, by the name that they have here."},
    forbid_unknown_fields=True,
)


class WhatsAppBody(Struct, forbid_unknown_fields=True, rename="camel"):
    """An account's access to WhatsApp. A secret that is absent, null or "" stays as it is; all else is replaced."""

    phone_number_id: Annotated[_Digits, Meta(description="The id of the sender's number, not the number.")]
    token: Annotated[_Secret, Meta(description="Of a system user, with whatsapp_business_messaging.")] | None = None
    app_secret: Annotated[_Secret, Meta(description="Of the Meta app: it signs the statuses.")] | None = None
    verify_token: (
        Annotated[_Secret, Meta(description="Of your choice: what is entered at Meta beside the callback URL.")] | None
    ) = None
    api_version: _Version | None = USUAL_VERSION
    link_base: _LinkBase | None = None
    template_names: TemplateNamesBody | Literal[""] | None = None  # type: ignore[valid-type]  # made above


class WhatsAppDraft(Struct, frozen=True, kw_only=True):
    """An access that is asked for; a secret that is None stays as it is. Never log it."""

    phone_number_id: str
    token: str | None
    app_secret: str | None
    verify_token: str | None
    api_version: str = USUAL_VERSION
    link_base: str | None = None
    template_names: dict[str, str] = {}


def read_whatsapp(body: bytes) -> WhatsAppDraft:
    """Return the access in a body, or raise 400 or 422 with everything that is wrong."""
    members = Members.of_body(body)
    read = members.read
    draft = WhatsAppDraft(
        phone_number_id=members.require("phoneNumberId", str, "the digits of a phone number id", _id_fault) or "",
        token=read("token", str, _SECRET_IS, _secret_fault),
        app_secret=read("appSecret", str, _SECRET_IS, _secret_fault),
        verify_token=read("verifyToken", str, _SECRET_IS, _secret_fault),
        api_version=read("apiVersion", str, _VERSION_IS, _version_fault) or USUAL_VERSION,
        link_base=read("linkBase", str, _BASE_IS, _base_fault),
        template_names=_read_names(members),
    )
    members.finish()
    return draft


def check_draft(draft: WhatsAppDraft) -> None:
    """Raise `InvalidInput` where a draft that comes from no body cannot be taken."""
    secrets = {"token": draft.token, "app-secret": draft.app_secret, "verify-token": draft.verify_token}
    found = {
        "phone-number-id": _id_fault(draft.phone_number_id),
        "api-version": _version_fault(draft.api_version),
        "link-base": None if draft.link_base is None else _base_fault(draft.link_base),
        **{f"template {name}": _renamed_fault(name, other) for name, other in draft.template_names.items()},
        **{name: None if secret is None else _secret_fault(secret) for name, secret in secrets.items()},
    }
    faults = tuple(Fault(f"/{name}", fault) for name, fault in found.items() if fault is not None)
    if faults:
        raise InvalidInput("; ".join(f"--{fault.pointer[1:]} {fault.message}" for fault in faults), faults)


def _read_names(members: Members) -> dict[str, str]:
    inner = members.inner("templateNames", 'an object such as {"payment_reminder": "our_reminder"}')
    if inner is None:
        return {}
    wanted = "the name of a template at Meta: lower-case letters, digits and _"
    read = {name: inner.read(name, str, wanted, _name_fault) for name in TEMPLATE_NAMES}
    inner.close()
    return {name: at_meta for name, at_meta in read.items() if at_meta is not None}


def _id_fault(text: str) -> str | None:
    return None if _DIGITS.fullmatch(text) else "must be the digits of a phone number id"


def _secret_fault(text: str) -> str | None:
    return None if _SECRET.fullmatch(text) else f"must be {_SECRET_IS}"


def _version_fault(text: str) -> str | None:
    return None if _VERSION.fullmatch(text) else f"must be {_VERSION_IS}"


def _name_fault(text: str) -> str | None:
    return None if _NAME.fullmatch(text) else "must be lower-case letters, digits and _ alone"


def _renamed_fault(name: str, other: str) -> str | None:
    return _name_fault(other) if name in TEMPLATE_NAMES else "is no template: `bugalou whatsapp templates` lists them"


def _base_fault(text: str) -> str | None:
    if len(text) > _LONGEST_BASE:
        return f"must have at most {_LONGEST_BASE} characters"
    return text_fault(text) or url_fault(text)
