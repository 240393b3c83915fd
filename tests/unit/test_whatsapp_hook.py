"""What is read of a post to the status webhook: the statuses alone, and never more than was agreed."""

import json
from typing import Any
from uuid import UUID

import pytest

from services.console.whatsapp_hook import HookSecrets, Status, read_statuses
from shared.errors import InvalidInput
from tests.whatsapp_server import post_of, sign

ID = UUID(int=5)


def status(**members: Any) -> dict[str, Any]:
    return {"id": "wamid.A", "status": "sent", "timestamp": "1795000000", "recipient_id": "31612345678", **members}


def test_statuses_are_read_with_what_they_refer_to() -> None:
    told = [
        status(biz_opaque_callback_data=str(ID)),
        status(status="failed", errors=[{"code": 131026, "title": "Message\nundeliverable", "href": "/"}]),
    ]
    assert read_statuses(post_of(told)) == [
        Status("wamid.A", "sent", ID, None, None),
        Status("wamid.A", "failed", None, 131026, "Message undeliverable"),
    ]


def test_what_was_read_was_delivered_and_twice_is_once() -> None:
    told = [status(status="read"), status(status="delivered"), status(status="delivered")]
    assert read_statuses(post_of(told)) == [Status("wamid.A", "delivered", None, None, None)]


@pytest.mark.parametrize(
    "odd",
    [
        status(id=5),
        status(id=""),
        status(id="x" * 256),
        status(id="a\u0000b"),
        status(status="played"),
        status(status=None),
        status(errors="none"),
        status(errors=[{"code": "x"}]),
        None,
        [],
        "x",
    ],
)
def test_an_odd_status_is_passed_over_alone(odd: Any) -> None:
    assert [found.reference for found in read_statuses(post_of([odd, status(id="wamid.B")]))] == ["wamid.B"]


def test_codes_and_references_that_cannot_be_ours_are_none() -> None:
    told = status(status="failed", errors=[{"code": 2**40, "title": ""}], biz_opaque_callback_data="x'; DROP")
    assert read_statuses(post_of([told])) == [Status("wamid.A", "failed", None, None, None)]


@pytest.mark.parametrize("body", [b"{}", b'{"entry":[]}', b'{"entry":[{"changes":[{"value":{"messages":[{}]}}]}]}'])
def test_what_tells_of_no_message_of_ours_is_passed_over(body: bytes) -> None:
    assert read_statuses(body) == []


@pytest.mark.parametrize("body", [b"", b"{", b"\xff\xfe", b"[" * 100_000, b'{"entry":' * 50_000])
def test_a_body_that_is_no_json_is_refused(body: bytes) -> None:
    with pytest.raises(InvalidInput):
        read_statuses(body)


@pytest.mark.parametrize("body", [b"[]", b"5", b'{"entry":5}', b'{"entry":[5]}', b'{"entry":[{"changes":{}}]}'])
def test_a_body_that_is_no_post_is_refused(body: bytes) -> None:
    with pytest.raises(InvalidInput):
        read_statuses(body)


def test_deep_nesting_inside_a_status_harms_nobody() -> None:
    deep = json.loads("[" * 400 + "]" * 400)
    assert len(read_statuses(post_of([status(more=deep), status(id="wamid.B")]))) == 2


def test_only_the_app_secret_signs() -> None:
    secrets = HookSecrets("the-app-secret", "the-verify-token")
    assert secrets.has_signed(b"body", sign(b"body", "the-app-secret"))
    assert secrets.has_signed(b"body", sign(b"body", "the-app-secret").upper())
    for signature in (
        sign(b"body", "other"),
        sign(b"other", "the-app-secret"),
        "",
        "sha256=",
        "sha1=x",
        "sha256=é",
        "\udcff",
    ):
        assert not secrets.has_signed(b"body", signature)
    assert secrets.knows("the-verify-token")
    assert not secrets.knows("the-verify-token ")


def test_without_secrets_nothing_is_believed() -> None:
    nothing = HookSecrets(None, None)
    assert not nothing.has_signed(b"", sign(b"", ""))
    assert not nothing.knows("")
