"""The tenant in whose name a message goes out."""

from msgspec import Struct

from shared.account_settings import AccountSettings


class Account(Struct, frozen=True):
    """An account as its messages show it."""

    name: str | None = None
    settings: AccountSettings = AccountSettings()

    @property
    def exists(self) -> bool:
        """Whether there still is such an account; each has a name."""
        return self.name is not None

    @property
    def signature(self) -> str | None:
        """The name under a message."""
        return self.settings.sender_name or self.name
