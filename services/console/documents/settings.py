"""What the console answers about an account's settings, and its access to WhatsApp."""

from typing import Literal

from msgspec import Struct

from shared.account_settings import AccountSettings

SecretState = Literal["set", "not set"]


class SettingsAnswer(Struct, frozen=True):
    """An account's settings, defaults included."""

    success: Literal[True]
    settings: AccountSettings


class WhatsAppAccess(Struct, frozen=True, rename="camel", kw_only=True):
    """An account's access to WhatsApp as it may be shown: of each secret, whether it is set.

    `statusWebhook` is the path, at this origin, that is entered at Meta as the callback URL.
    """

    phone_number_id: str
    api_version: str
    link_base: str | None
    template_names: dict[str, str]
    token: SecretState
    app_secret: SecretState
    verify_token: SecretState
    status_webhook: str


class WhatsAppAnswer(Struct, frozen=True):
    """An account's access to WhatsApp; null where it has none."""

    success: Literal[True]
    whatsapp: WhatsAppAccess | None
