"""What an account has set about its messages; the settings document holds more, and may hold nothing."""

import msgspec
from msgspec import Struct


class AccountSettings(Struct, frozen=True, rename="camel"):
    """The settings that a message is made with; what is absent has its default here."""

    language: str = "nl"
    sender_name: str | None = None
    reply_to: str | None = None


class Account(Struct, frozen=True):
    """The tenant in whose name a message goes out."""

    name: str | None = None
    settings: AccountSettings = AccountSettings()

    @property
    def signature(self) -> str | None:
        """The name under a message."""
        return self.settings.sender_name or self.name


def read_settings(document: str | None) -> AccountSettings:
    """Return the settings in a JSON document; one that is not as agreed counts as empty and stops no message."""
    try:
        return msgspec.json.decode(document or "{}", type=AccountSettings)
    except msgspec.ValidationError:
        return AccountSettings()
