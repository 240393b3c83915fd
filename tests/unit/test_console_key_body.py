"""The bodies of POST /api/v1/keys and of a rotation."""

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from services.console.key_body import USUAL_OVERLAP_SECONDS, KeyDraft, read_key, read_overlap_seconds
from shared.errors import InvalidInput
from shared.orders.moments import to_microseconds

NOW = to_microseconds(datetime(2026, 11, 22, tzinfo=UTC))


def test_key_is_read_with_its_lists_sorted_and_its_expiry_in_utc() -> None:
    body = b'{"name": "kassa", "scopes": ["orders:write", "admin", "admin"], "platforms": ["b", "a", "a"],'
    body += b' "expiresAt": "2026-12-31T23:00:00+01:00", "live": false}'
    expiry = datetime(2026, 12, 31, 22, tzinfo=UTC)
    assert read_key(body, NOW) == KeyDraft("kassa", ["admin", "orders:write"], ["a", "b"], expiry, False)
    assert read_key(b'{"name": "n", "scopes": ["admin"], "platforms": null}', NOW) == KeyDraft(
        "n", ["admin"], None, None, None
    )


@pytest.mark.parametrize(
    ("members", "pointers"),
    [
        ({"name": ""}, ["/name"]),
        ({"name": "x" * 101}, ["/name"]),
        ({"name": "a\u0000b"}, ["/name"]),
        ({"scopes": []}, ["/scopes"]),
        ({"scopes": None}, ["/scopes"]),
        ({"scopes": ["orders:delete"]}, ["/scopes"]),
        ({"scopes": "orders:read"}, ["/scopes"]),
        ({"platforms": []}, ["/platforms"]),
        ({"platforms": [" custom"]}, ["/platforms"]),
        ({"platforms": ["x"] * 101}, ["/platforms"]),
        ({"expiresAt": "2026-12-31"}, ["/expiresAt"]),
        ({"expiresAt": "2020-01-01T00:00:00Z"}, ["/expiresAt"]),
        ({"expiresAt": "9999-12-31T23:59:59-23:59"}, ["/expiresAt"]),
        ({"live": "yes"}, ["/live"]),
        ({"scope": ["admin"], "name": 5}, ["/name", "/scope"]),
    ],
)
def test_wrong_members_are_all_named(members: dict[str, Any], pointers: list[str]) -> None:
    with pytest.raises(InvalidInput) as refused:
        read_key(msgspec.json.encode({"name": "n", "scopes": ["orders:read"], **members}), NOW)
    assert [fault.pointer for fault in refused.value.faults] == pointers


def test_overlap_is_a_day_unless_given() -> None:
    assert read_overlap_seconds(b"") == read_overlap_seconds(b"{}") == USUAL_OVERLAP_SECONDS
    assert read_overlap_seconds(b'{"overlapSeconds": 0}') == 0


@pytest.mark.parametrize("value", [b"-1", b"1000000000", b'"x"', b"1.5", b"[]", b"true"])
def test_wrong_overlap_is_refused(value: bytes) -> None:
    with pytest.raises(InvalidInput):
        read_overlap_seconds(b'{"overlapSeconds": ' + value + b"}")
