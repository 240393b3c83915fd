"""The body of PUT /api/v1/settings: the whole document, checked for sense."""

import re
from functools import cache
from typing import Annotated, Any, Final, Literal, TypeVar
from zoneinfo import available_timezones

from msgspec import Meta, Struct, field
from stdnum import bic, iban
from stdnum.exceptions import ValidationError

from services.console.members import Members
from shared.account_settings import AccountSettings, Channels, QuietHours
from shared.orders.body import Email, Text200
from shared.orders.contact import email_fault
from shared.orders.text import text_fault
from shared.rate_limits import RateLimit

T = TypeVar("T")
MOST_BYTES: Final = 64 * 1024

_DEFAULT: Final = AccountSettings()
_CLOCK: Final = re.compile(r"(?:[01][0-9]|2[0-3]):[0-5][0-9]|24:00", re.ASCII)
_LONGEST_LADDER: Final = 20
_NO_PLACES: Final = frozenset({"Factory", "localtime", "posixrules"})

_Name = Annotated[str, Meta(max_length=200)]
_Email = Annotated[str, Meta(max_length=254)]
_Settle = Annotated[int, Meta(ge=0, le=3600)]
_Day = Annotated[int, Meta(ge=-365, le=365)]
_Rate = Annotated[float, Meta(ge=0.01, le=100_000)]
_Burst = Annotated[int, Meta(ge=1, le=1_000_000)]


def _or_empty(**schema: Any) -> dict[str, Any]:
    return {"anyOf": [schema, {"const": ""}]}


_Clock = Annotated[str, Meta(extra_json_schema=_or_empty(pattern="^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$"))]


class QuietHoursBody(Struct, forbid_unknown_fields=True):
    """Between these times of a day, in the account's time zone, reminders may leave; `to` is the later one."""

    start: _Clock | None = field(name="from", default=_DEFAULT.quiet_hours.start)
    end: _Clock | None = field(name="to", default=_DEFAULT.quiet_hours.end)


class ChannelsBody(Struct, forbid_unknown_fields=True):
    """Over which channels clients are reached."""

    email: bool | Literal[""] | None = _DEFAULT.channels.email
    whatsapp: bool | Literal[""] | None = _DEFAULT.channels.whatsapp


class RateLimitBody(Struct, forbid_unknown_fields=True, rename="camel"):
    """So many requests a second in the long run, and so many at once."""

    requests_per_second: _Rate
    burst: _Burst


class SettingsBody(Struct, forbid_unknown_fields=True, rename="camel"):
    """The settings that are sent; null, "" and absent all mean the default."""

    language: Literal["nl", "en", ""] | None = _DEFAULT.language
    timezone: (
        Annotated[
            str,
            Meta(description="A name of the IANA database.", extra_json_schema=_or_empty(format="iana-time-zone")),
        ]
        | None
    ) = _DEFAULT.timezone
    sender_name: Text200 | None = None
    reply_to: Email | None = None
    iban: Annotated[str, Meta(extra_json_schema=_or_empty(format="iban"))] | None = None
    bic: Annotated[str, Meta(extra_json_schema=_or_empty(format="bic"))] | None = None
    settle_seconds: _Settle | Literal[""] | None = _DEFAULT.settle_seconds
    ladder: (
        Annotated[
            list[_Day],
            Meta(
                max_length=_LONGEST_LADDER,
                description="Days after (negative: before) the due date, rising; none for no reminders.",
                extra_json_schema={"uniqueItems": True},
            ),
        ]
        | Literal[""]
        | None
    ) = field(default_factory=lambda: list(_DEFAULT.ladder))
    quiet_hours: QuietHoursBody | Literal[""] | None = None
    quiet_sundays: bool | Literal[""] | None = _DEFAULT.quiet_sundays
    quiet_holidays: bool | Literal[""] | None = _DEFAULT.quiet_holidays
    channels: ChannelsBody | Literal[""] | None = None
    rate_limit: RateLimitBody | Literal[""] | None = None


def read_settings(body: bytes) -> AccountSettings:
    """Return the settings in a body, defaults for what is absent, or raise 400 or 422 with everything that is wrong."""
    members = Members.of_body(body)
    read = members.read
    settings = AccountSettings(
        language=read("language", Literal["nl", "en"], '"nl" or "en"') or _DEFAULT.language,
        timezone=read("timezone", str, "a time zone such as Europe/Amsterdam", _timezone_fault) or _DEFAULT.timezone,
        sender_name=read("senderName", _Name, "a string of at most 200 characters", text_fault),
        reply_to=read("replyTo", _Email, "an e-mail address", _reply_to_fault),
        iban=_compact_iban(read("iban", str, "an IBAN", _iban_fault)),
        bic=_compact_bic(read("bic", str, "a BIC", _bic_fault)),
        settle_seconds=_or(read("settleSeconds", _Settle, "a whole number from 0 to 3600"), _DEFAULT.settle_seconds),
        ladder=_or(_read_ladder(members), _DEFAULT.ladder),
        quiet_hours=_read_quiet_hours(members),
        quiet_sundays=_or(read("quietSundays", bool, "true or false"), _DEFAULT.quiet_sundays),
        quiet_holidays=_or(read("quietHolidays", bool, "true or false"), _DEFAULT.quiet_holidays),
        channels=_read_channels(members),
        rate_limit=_read_rate_limit(members),
    )
    members.finish()
    return settings


def _or(value: T | None, default: T) -> T:
    return default if value is None else value


def _read_ladder(members: Members) -> tuple[int, ...] | None:
    expected = f"a list of at most {_LONGEST_LADDER} whole numbers of days from -365 to 365, rising"
    wanted = Annotated[tuple[_Day, ...], Meta(max_length=_LONGEST_LADDER)]

    def fault_of(ladder: tuple[int, ...]) -> str | None:
        return None if list(ladder) == sorted(set(ladder)) else f"must be {expected}"

    return members.read("ladder", wanted, expected, fault_of)


def _read_quiet_hours(members: Members) -> QuietHours:
    inner = members.inner("quietHours", 'an object such as {"from": "08:00", "to": "20:00"}')
    if inner is None:
        return _DEFAULT.quiet_hours
    hours = QuietHours(
        inner.read("from", str, 'a time such as "08:00"', _clock_fault) or _DEFAULT.quiet_hours.start,
        inner.read("to", str, 'a time such as "20:00"', _clock_fault) or _DEFAULT.quiet_hours.end,
    )
    if hours.start >= hours.end:
        inner.refuse("to", f"must be later than from ({hours.start})")
    inner.close()
    return hours


def _read_channels(members: Members) -> Channels:
    inner = members.inner("channels", 'an object such as {"email": true, "whatsapp": false}')
    if inner is None:
        return _DEFAULT.channels
    channels = Channels(
        _or(inner.read("email", bool, "true or false"), _DEFAULT.channels.email),
        _or(inner.read("whatsapp", bool, "true or false"), _DEFAULT.channels.whatsapp),
    )
    inner.close()
    return channels


def _read_rate_limit(members: Members) -> RateLimit | None:
    inner = members.inner("rateLimit", 'null or an object such as {"requestsPerSecond": 10, "burst": 50}')
    if inner is None:
        return None
    rate = inner.require("requestsPerSecond", _Rate, "a number from 0.01 to 100000")
    burst = inner.require("burst", _Burst, "a whole number from 1 to 1000000")
    inner.close()
    return None if rate is None or burst is None else RateLimit(rate, burst)


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones() - _NO_PLACES)


def _timezone_fault(name: str) -> str | None:
    return None if name in _zones() else "must be a time zone of the IANA database such as Europe/Amsterdam"


def _reply_to_fault(address: str) -> str | None:
    return text_fault(address) or email_fault(address)


def _iban_fault(text: str) -> str | None:
    try:
        iban.validate(text)
    except ValidationError:
        return "must be an IBAN such as NL91 ABNA 0417 1643 00 (a digit may be wrong)"
    return None


def _bic_fault(text: str) -> str | None:
    try:
        bic.validate(text)
    except ValidationError:
        return "must be a BIC such as ABNANL2A"
    return None


def _compact_iban(text: str | None) -> str | None:
    return None if text is None else str(iban.compact(text))


def _compact_bic(text: str | None) -> str | None:
    return None if text is None else str(bic.compact(text))


def _clock_fault(text: str) -> str | None:
    return None if _CLOCK.fullmatch(text) else 'must be a time such as "08:00"'
