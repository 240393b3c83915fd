"""The form of the settings: what it shows of a document, and the document that its fields make."""

import re
from collections.abc import Mapping
from typing import Any, Final

import msgspec
from msgspec import Struct

from services.console.dashboard.visit import fields_at_fault
from services.console.settings_body import read_settings
from shared.account_settings import AccountSettings
from shared.errors import InvalidInput

_WHOLE: Final = re.compile(r"-?[0-9]{1,9}", re.ASCII)
_NUMBER: Final = re.compile(r"[0-9]{1,9}([.,][0-9]{1,9})?", re.ASCII)
_BETWEEN: Final = re.compile(r"[\s,;]+")


class Filled(Struct, frozen=True):
    """A form as it was filled in: the settings that it makes, or the pointers of what is wrong."""

    settings: AccountSettings | None
    wrong: frozenset[str]


def fields_of(settings: AccountSettings) -> dict[str, str]:
    """Return the form's fields as a document fills them; a box that is ticked has a value."""
    limit = settings.rate_limit
    return {
        "senderName": settings.sender_name or "",
        "replyTo": settings.reply_to or "",
        "language": settings.language,
        "timezone": settings.timezone,
        "iban": settings.iban or "",
        "bic": settings.bic or "",
        "ladder": ", ".join(map(str, settings.ladder)),
        "quietFrom": settings.quiet_hours.start,
        "quietTo": settings.quiet_hours.end,
        "quietSundays": "on" if settings.quiet_sundays else "",
        "quietHolidays": "on" if settings.quiet_holidays else "",
        "settleSeconds": str(settings.settle_seconds),
        "email": "on" if settings.channels.email else "",
        "whatsapp": "on" if settings.channels.whatsapp else "",
        "requestsPerSecond": f"{limit.requests_per_second:g}" if limit else "",
        "burst": str(limit.burst) if limit else "",
    }


def read_fields(fields: Mapping[str, str], current: AccountSettings) -> Filled:
    """Return what fields make of the current settings; what the form does not show stays as it is.

    The document is checked as one that is sent to the API: there is one judge of what is right.
    """
    document: dict[str, Any] = msgspec.to_builtins(current)
    for name in ("senderName", "replyTo", "language", "timezone", "iban", "bic"):
        document[name] = fields.get(name, "").strip()
    document["settleSeconds"] = _whole(fields.get("settleSeconds", ""))
    document["ladder"] = [_whole(day) for day in _BETWEEN.split(fields.get("ladder", "")) if day]
    document["quietHours"] = {"from": fields.get("quietFrom", ""), "to": fields.get("quietTo", "")}
    document["channels"] = {**document["channels"], **{name: bool(fields.get(name)) for name in ("email", "whatsapp")}}
    for name in ("quietSundays", "quietHolidays"):
        document[name] = bool(fields.get(name))
    rate, burst = fields.get("requestsPerSecond", "").strip(), fields.get("burst", "").strip()
    document["rateLimit"] = {"requestsPerSecond": _number(rate), "burst": _whole(burst)} if rate or burst else None
    try:
        return Filled(read_settings(msgspec.json.encode(document)), frozenset())
    except InvalidInput as error:
        return Filled(None, fields_at_fault(error))


def _whole(text: str) -> int | str:
    """Return a whole number, or the text as it is, which the API's check then refuses."""
    text = text.strip()
    return int(text) if _WHOLE.fullmatch(text) else text or "none"


def _number(text: str) -> float | str:
    return float(text.replace(",", ".")) if _NUMBER.fullmatch(text) else text or "none"
