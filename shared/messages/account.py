"""The tenant in whose name a message goes out."""

from collections.abc import Mapping

from msgspec import Struct

from shared.account_settings import AccountSettings


class TemplateSetup(Struct, frozen=True):
    """What an account registered differently at WhatsApp: names of its own, and links that begin with `link_base`."""

    link_base: str | None = None
    names: Mapping[str, str] = {}


class Account(Struct, frozen=True):
    """An account as its messages show it; `templates` is None where it has no access to WhatsApp."""

    name: str | None = None
    settings: AccountSettings = AccountSettings()
    templates: TemplateSetup | None = None

    @property
    def exists(self) -> bool:
        """Whether there still is such an account; each has a name."""
        return self.name is not None

    @property
    def signature(self) -> str | None:
        """The name under a message."""
        return self.settings.sender_name or self.name
