"""The body of PUT /api/v1/settings."""

from typing import Any

import msgspec
import pytest

from services.console.settings_body import read_settings
from shared.account_settings import AccountSettings, Channels, QuietHours, read_account_settings
from shared.errors import InvalidInput, MalformedJson
from shared.rate_limits import RateLimit


def test_absent_null_and_empty_are_the_defaults() -> None:
    assert read_settings(b"{}") == AccountSettings()
    assert read_settings(b'{"iban": null, "replyTo": "", "ladder": null, "rateLimit": null}') == AccountSettings()


def test_iban_and_bic_are_stored_compact() -> None:
    settings = read_settings(b'{"iban": "nl91 abna 0417 1643 00", "bic": "abna nl 2a"}')
    assert (settings.iban, settings.bic) == ("NL91ABNA0417164300", "ABNANL2A")


def test_inner_objects_have_defaults_of_their_own() -> None:
    settings = read_settings(b'{"quietHours": {"to": "24:00"}, "channels": {"whatsapp": true}}')
    assert settings.quiet_hours == QuietHours("08:00", "24:00")
    assert settings.channels == Channels(email=True, whatsapp=True)


def test_empty_ladder_means_no_reminders() -> None:
    assert read_settings(b'{"ladder": []}').ladder == ()


def test_document_is_read_back_as_it_was_written() -> None:
    settings = read_settings(
        b'{"language": "en", "ladder": [-3, 0], "rateLimit": {"requestsPerSecond": 0.5, "burst": 2},'
        b' "quietHours": {"from": "09:00", "to": "17:30"}, "settleSeconds": 0, "quietSundays": false}'
    )
    assert settings.rate_limit == RateLimit(0.5, 2)
    assert read_account_settings(msgspec.json.encode(settings)) == settings


def test_document_that_is_not_as_agreed_counts_as_empty() -> None:
    assert read_account_settings('{"language": 7}') == AccountSettings()
    assert read_account_settings(None) == AccountSettings()


@pytest.mark.parametrize(
    ("wrong", "pointers"),
    [
        ({"language": "de"}, ["/language"]),
        ({"timezone": "Mars/Olympus"}, ["/timezone"]),
        ({"timezone": "../etc/passwd"}, ["/timezone"]),
        ({"timezone": "localtime"}, ["/timezone"]),
        ({"senderName": "x" * 201}, ["/senderName"]),
        ({"senderName": "a\nBcc: x"}, ["/senderName"]),
        ({"replyTo": "nobody"}, ["/replyTo"]),
        ({"replyTo": "a@b.nl\r\nBcc: x@y.nl"}, ["/replyTo"]),
        ({"iban": "NL91ABNA0417164301"}, ["/iban"]),
        ({"iban": 5}, ["/iban"]),
        ({"bic": "X"}, ["/bic"]),
        ({"settleSeconds": -1}, ["/settleSeconds"]),
        ({"settleSeconds": 3601}, ["/settleSeconds"]),
        ({"settleSeconds": "5"}, ["/settleSeconds"]),
        ({"settleSeconds": 1.5}, ["/settleSeconds"]),
        ({"ladder": [7, 0]}, ["/ladder"]),
        ({"ladder": [0, 0]}, ["/ladder"]),
        ({"ladder": [400]}, ["/ladder"]),
        ({"ladder": list(range(21))}, ["/ladder"]),
        ({"quietHours": {"from": "8:00"}}, ["/quietHours/from"]),
        ({"quietHours": {"from": "20:00", "to": "08:00"}}, ["/quietHours/to"]),
        ({"quietHours": {"frm": "08:00"}}, ["/quietHours/frm"]),
        ({"quietHours": []}, ["/quietHours"]),
        ({"quietSundays": 1}, ["/quietSundays"]),
        ({"channels": {"email": "yes", "sms": True}}, ["/channels/email", "/channels/sms"]),
        ({"rateLimit": {"requestsPerSecond": 0, "burst": 1}}, ["/rateLimit/requestsPerSecond"]),
        ({"rateLimit": {}}, ["/rateLimit/requestsPerSecond", "/rateLimit/burst"]),
        ({"rateLimit": {"requestsPerSecond": 1, "burst": 1.5}}, ["/rateLimit/burst"]),
        ({"timeZone": "UTC", "language": "x"}, ["/language", "/timeZone"]),
    ],
)
def test_wrong_settings_are_all_named(wrong: dict[str, Any], pointers: list[str]) -> None:
    with pytest.raises(InvalidInput) as refused:
        read_settings(msgspec.json.encode(wrong))
    assert [fault.pointer for fault in refused.value.faults] == pointers


def test_unknown_setting_is_answered_with_the_nearest_name() -> None:
    with pytest.raises(InvalidInput) as refused:
        read_settings(b'{"sendername": "x"}')
    assert "did you mean senderName?" in refused.value.faults[0].message


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b'{"language": "nl", "language": "en"}', b"\xff{}", b"[" * 50_000, b'{"a":' * 9_000, b'{"a": NaN}'],
)
def test_what_is_no_json_is_told_so(body: bytes) -> None:
    with pytest.raises(MalformedJson):
        read_settings(body)


@pytest.mark.parametrize("body", [b"[]", b'"x"', b"5", b"null", b'{"senderName": "\\ud800"}', b'{"\\udc00": 1}'])
def test_json_that_is_no_settings_is_invalid(body: bytes) -> None:
    with pytest.raises(InvalidInput) as refused:
        read_settings(body)
    assert not isinstance(refused.value, MalformedJson)


def test_number_of_a_million_digits_costs_nothing() -> None:
    with pytest.raises(InvalidInput):
        read_settings(b'{"settleSeconds": ' + b"1" * 60_000 + b"}")
