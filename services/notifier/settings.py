"""What the notifier is told by its environment; units stand in the names."""

from email.utils import parseaddr
from typing import Final, cast, get_args

from environs import FileAwareEnv, ValidationError, validate
from msgspec import Struct

from services.notifier.channels.mime import Sender, UnusableAddress, deliverable_address
from services.notifier.channels.smtp import Server, Tls
from shared.addresses import Network
from shared.settings import ADDRESS, Common, common, prefetch, secret_keys, webhook_networks
from shared.webhooks import MOST_KEPT_DAYS, TRIED_DAYS


class WebhookSettings(Struct, frozen=True, kw_only=True):
    """How webhooks are delivered: `allow` holds networks besides the public ones, `keep_days` is for attempts."""

    allow: tuple[Network, ...]
    concurrent_sends: int
    endpoint_sends: int
    timeout_seconds: float
    sweep_seconds: float
    keep_days: int

    @property
    def lease_seconds(self) -> float:
        """How long a claim stands: longer than an attempt and its record."""
        return self.timeout_seconds + 30.0


WHATSAPP_URL: Final = "https://graph.facebook.com"


class Settings(Struct, frozen=True, kw_only=True):
    """The notifier's settings. Never log them: they hold secrets."""

    common: Common
    secret_keys: tuple[str, ...]
    smtp: Server
    mail_from: Sender
    whatsapp_url: str
    whatsapp_timeout_seconds: float
    settle_seconds: float
    sweep_seconds: float
    concurrent_sends: int
    prefetch: int
    webhooks: WebhookSettings

    @property
    def deadline_seconds(self) -> float:
        """How long handing over one e-mail may take: connecting, greeting and handing over."""
        return 3 * self.smtp.timeout_seconds

    @property
    def lease_seconds(self) -> float:
        """How long a claim stands: longer than a delivery, so that no other notifier takes what is being sent."""
        return max(self.deadline_seconds, 2 * self.whatsapp_timeout_seconds) + 30.0


def fill(env: FileAwareEnv) -> Settings:
    """Read the notifier's settings."""
    sweep_seconds = env.float("NOTIFIER_SWEEP_SECONDS", 3.0, validate=validate.Range(0.05, 300))
    return Settings(
        common=common(env),
        secret_keys=secret_keys(env),
        smtp=Server(
            host=env.str("SMTP_HOST", "127.0.0.1", validate=ADDRESS),
            port=env.int("SMTP_PORT", 25, validate=validate.Range(1, 65_535)),
            username=env.str("SMTP_USERNAME", "") or None,
            password=env.str("SMTP_PASSWORD", "") or None,
            tls=cast("Tls", env.str("SMTP_TLS", "none", validate=validate.OneOf(get_args(Tls)))),
            ca_file=env.str("SMTP_CA_FILE", "") or None,
            timeout_seconds=env.float("SMTP_TIMEOUT_SECONDS", 10.0, validate=validate.Range(0.1, 300)),
        ),
        mail_from=_sender(env.str("MAIL_FROM", "Bugalou <no-reply@bugalou.example>", validate=_check_sender)),
        whatsapp_url=env.str("WHATSAPP_URL", WHATSAPP_URL, validate=_WEB),
        whatsapp_timeout_seconds=env.float("WHATSAPP_TIMEOUT_SECONDS", 10.0, validate=validate.Range(0.1, 300)),
        settle_seconds=env.float("SETTLE_SECONDS", 5.0, validate=validate.Range(0, 3600)),
        sweep_seconds=sweep_seconds,
        concurrent_sends=env.int("NOTIFIER_CONCURRENT_SENDS", 10, validate=validate.Range(1, 1000)),
        prefetch=prefetch(env, "NOTIFIER_PREFETCH", 200),
        webhooks=_webhooks(env, sweep_seconds),
    )


def _webhooks(env: FileAwareEnv, sweep_seconds: float) -> WebhookSettings:
    return WebhookSettings(
        allow=webhook_networks(env),
        concurrent_sends=env.int("WEBHOOK_CONCURRENT_SENDS", 64, validate=validate.Range(1, 1000)),
        endpoint_sends=env.int("WEBHOOK_ENDPOINT_SENDS", 8, validate=validate.Range(1, 100)),
        timeout_seconds=env.float("WEBHOOK_TIMEOUT_SECONDS", 15.0, validate=validate.Range(0.1, 30)),
        sweep_seconds=sweep_seconds,
        keep_days=env.int("WEBHOOK_KEEP_DAYS", 30, validate=validate.Range(TRIED_DAYS, MOST_KEPT_DAYS)),
    )


_WEB: Final = validate.Regexp(
    r"https?://[^/@\s?#]+(/[^?#\s]*)?\Z", error="must be a URL such as https://graph.facebook.com"
)


def _check_sender(text: str) -> None:
    try:
        address = deliverable_address(parseaddr(text)[1])
    except UnusableAddress:
        address = ""
    if not address.isascii() or not address or not text.isprintable():
        raise ValidationError("must be an ASCII address, such as Name <name@example.com>")


def _sender(text: str) -> Sender:
    """Return who sends; `_check_sender` reports a wrong one together with all other mistakes, once all are read."""
    name, address = parseaddr(text)
    return Sender(name or None, address)
