"""What the notifier is told by its environment; units stand in the names."""

from email.utils import parseaddr

from environs import EnvValidationError, FileAwareEnv
from msgspec import Struct

from services.notifier.channels.mime import Sender, UnusableAddress, deliverable_address
from services.notifier.channels.smtp import Server, Tls
from shared.settings import Common, common

_TLS: dict[str, Tls] = {"none": "none", "starttls": "starttls", "tls": "tls"}


class Settings(Struct, frozen=True, kw_only=True):
    """The notifier's settings. Never log them: they hold secrets."""

    common: Common
    smtp: Server
    mail_from: Sender
    settle_seconds: float
    sweep_seconds: float
    concurrent_sends: int
    prefetch: int

    @property
    def deadline_seconds(self) -> float:
        """How long one delivery may take: connecting, greeting and handing over."""
        return 3 * self.smtp.timeout_seconds

    @property
    def lease_seconds(self) -> float:
        """How long a claim stands: longer than a delivery, so that no other notifier takes what is being sent."""
        return self.deadline_seconds + 30.0


def fill(env: FileAwareEnv) -> Settings:
    """Read the notifier's settings."""
    return Settings(
        common=common(env),
        smtp=Server(
            host=env.str("SMTP_HOST", "127.0.0.1"),
            port=env.int("SMTP_PORT", 25),
            username=env.str("SMTP_USERNAME", "") or None,
            password=env.str("SMTP_PASSWORD", "") or None,
            tls=_read_tls(env.str("SMTP_TLS", "none")),
            timeout_seconds=env.float("SMTP_TIMEOUT_SECONDS", 10.0),
        ),
        mail_from=_read_sender(env.str("MAIL_FROM", "Bugalou <no-reply@bugalou.example>")),
        settle_seconds=env.float("SETTLE_SECONDS", 5.0),
        sweep_seconds=env.float("NOTIFIER_SWEEP_SECONDS", 3.0),
        concurrent_sends=env.int("NOTIFIER_CONCURRENT_SENDS", 10),
        prefetch=env.int("NOTIFIER_PREFETCH", 200),
    )


def _read_tls(text: str) -> Tls:
    try:
        return _TLS[text]
    except KeyError:
        raise EnvValidationError("", {"SMTP_TLS": ["is none of none, starttls, tls"]}) from None


def _read_sender(text: str) -> Sender:
    name, address = parseaddr(text)
    try:
        sender = Sender(name or None, deliverable_address(address))
    except UnusableAddress:
        sender = Sender(None, "")
    if not sender.address or not sender.address.isascii():
        raise EnvValidationError("", {"MAIL_FROM": ["must be an address such as Name <name@example.com>"]})
    return sender
