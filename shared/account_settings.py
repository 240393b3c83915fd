"""What an account has set: one document in the table `settings`, kept by the console, obeyed by the others."""

from typing import Final, Literal

import msgspec
from msgspec import Struct

from shared.rate_limits import RateLimit

TIMEZONE: Final = "Europe/Amsterdam"


class QuietHours(Struct, frozen=True):
    """The hours of a day, in the account's time zone, in which reminders may leave: "08:00" until "20:00"."""

    start: str = msgspec.field(name="from", default="08:00")
    end: str = msgspec.field(name="to", default="20:00")


class Channels(Struct, frozen=True):
    """Over which channels clients are reached."""

    email: bool = True
    whatsapp: bool = False


class AccountSettings(Struct, frozen=True, rename="camel"):
    """The whole document; what is absent has its default here.

    `ladder` holds the days after (or, negative, before) the due date on which reminders leave, rising; none: no
    reminders. `quiet_sundays` and `quiet_holidays` (Dutch public holidays) hold reminders for the whole day.
    """

    language: Literal["nl", "en"] = "nl"
    timezone: str = TIMEZONE
    sender_name: str | None = None
    reply_to: str | None = None
    iban: str | None = None
    bic: str | None = None
    settle_seconds: int = 5
    ladder: tuple[int, ...] = (0, 7, 14)
    quiet_hours: QuietHours = QuietHours()
    quiet_sundays: bool = True
    quiet_holidays: bool = True
    channels: Channels = Channels()
    rate_limit: RateLimit | None = None


def read_account_settings(document: str | bytes | None) -> AccountSettings:
    """Return a stored document; one that is not as agreed counts as empty, so that no message stops at it."""
    try:
        return msgspec.json.decode(document or "{}", type=AccountSettings)
    except msgspec.ValidationError:
        return AccountSettings()
