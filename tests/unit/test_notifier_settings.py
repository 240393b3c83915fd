"""What the notifier reads from its environment, and what it refuses there."""

import pytest

from services.notifier.settings import Settings, fill
from shared.errors import Misconfigured
from shared.settings import read

NEEDED = {"BUGALOU_DATABASE_URL": "postgresql://u:p@host/db", "BUGALOU_AMQP_URL": "amqp://u:p@host/"}


def settings_with(monkeypatch: pytest.MonkeyPatch, **more: str) -> Settings:
    for name, value in {**NEEDED, **more}.items():
        monkeypatch.setenv(name, value)
    return read(fill)


def test_the_sender_may_have_a_name(monkeypatch: pytest.MonkeyPatch) -> None:
    sender = settings_with(monkeypatch, BUGALOU_MAIL_FROM='"De Groot, architect" <post@degroot.nl>').mail_from
    assert (sender.name, sender.address, sender.domain) == ("De Groot, architect", "post@degroot.nl", "degroot.nl")
    assert settings_with(monkeypatch, BUGALOU_MAIL_FROM="post@degroot.nl").mail_from.name is None


def test_a_claim_outlasts_a_delivery(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = settings_with(monkeypatch, BUGALOU_SMTP_TIMEOUT_SECONDS="60")
    assert settings.lease_seconds > settings.deadline_seconds > settings.smtp.timeout_seconds == 60


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SMTP_TLS", "yes"),
        ("SMTP_PORT", "x"),
        ("MAIL_FROM", "nobody"),
        ("MAIL_FROM", "jürgen@münchen.de"),
        ("MAIL_FROM", "a@b.nl\nBcc: x@y.nl"),
        ("SMTP_HOST", ""),
        ("METRICS_HOST", ""),
        ("SMTP_TIMEOUT_SECONDS", "inf"),
        ("SMTP_TIMEOUT_SECONDS", "nan"),
    ],
)
def test_a_wrong_setting_is_refused_by_name(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    with pytest.raises(Misconfigured, match=name):
        settings_with(monkeypatch, **{f"BUGALOU_{name}": value})


def test_all_wrong_settings_are_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(Misconfigured) as caught:
        settings_with(monkeypatch, BUGALOU_SMTP_TLS="yes", BUGALOU_MAIL_FROM="nobody", BUGALOU_SMTP_PORT="x")
    assert all(name in str(caught.value) for name in ("SMTP_TLS", "MAIL_FROM", "SMTP_PORT"))
