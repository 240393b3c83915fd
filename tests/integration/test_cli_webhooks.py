"""`bugalou webhooks`: what an operator sees and does."""

import asyncio
import os
import sys
from pathlib import Path
from uuid import UUID

import msgspec
import pytest

from services.console.webhook_body import WebhookDraft
from shared.http.problems import Problem
from tests.webhook_world import Webhooks


async def bugalou(webhooks: Webhooks, *words: str, code: int = 0) -> str:
    process = await asyncio.create_subprocess_exec(
        *(str(Path(sys.executable).with_name("bugalou")), "webhooks", *words),
        env={**os.environ, "BUGALOU_DATABASE_URL": webhooks.url},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    said, complained = await process.communicate()
    assert process.returncode == code, complained.decode()
    return said.decode()


async def test_an_operator_s_no_stands_against_the_account(webhooks: Webhooks) -> None:
    url = "https://user-token.example.com/secret-path"
    new = await webhooks.store.create(webhooks.key(), WebhookDraft(url, ("*",)))
    await webhooks.tell()
    line = await bugalou(webhooks, "list")
    assert f"{new.id}  works  1 pending" in line
    assert "secret-path" not in line
    assert await bugalou(webhooks, "list", "--failing") == "no webhook fails or is disabled\n"
    await bugalou(webhooks, "disable", str(new.id))
    (row,) = msgspec.json.decode(await bugalou(webhooks, "list", "--failing", "--json"))
    assert (row["disabled_reason"], row["url"], row["pending"]) == ("operator", url, 1)
    with pytest.raises(Problem) as caught:
        await webhooks.store.change(webhooks.key(), new.id, WebhookDraft(enabled=True))
    assert (caught.value.status, caught.value.code) == (409, "disabled_by_operator")
    await bugalou(webhooks, "enable", str(new.id))
    assert (await webhooks.webhook(new))["enabled"]
    await bugalou(webhooks, "disable", str(UUID(int=1)), code=2)
