"""The WhatsApp channel against a Cloud API written from the documentation, with credentials sealed in Postgres."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final
from uuid import UUID, uuid4

import pytest

from services.console.accounts import Accounts
from services.console.whatsapp import WhatsAppAccounts
from services.console.whatsapp_body import WhatsAppDraft
from services.notifier.channels.whatsapp.channel import WhatsAppChannel
from services.notifier.channels.whatsapp.cloud_api import LARGEST_ANSWER_BYTES, CloudApi
from services.notifier.channels.whatsapp.credentials import StoredCredentials
from services.notifier.message import Message
from services.notifier.outcome import PutOff, Resting, Sent, Undeliverable, Unreachable, Unusable
from shared.database import Database
from shared.messages.whatsapp import TemplateMessage
from shared.secrets import Secrets, generate_key
from tests.whatsapp_server import PHONE_NUMBER_ID, TOKEN, CloudApiServer

SECRETS: Final = Secrets([generate_key()])
TEMPLATE: Final = TemplateMessage(
    "payment_reminder", "nl", ("De Groot", "F-42", "Studio", "€ 10,00", "https://tikkie.me/1"), None, "text"
)
BUTTON: Final = TemplateMessage("payment_reminder_button", "en", TEMPLATE.parameters[:4], "pay/42", "text")


class Tenants:
    """Makes accounts with an access to WhatsApp."""

    def __init__(self, accounts: Accounts, database: Database) -> None:
        self._accounts = accounts
        self._access = WhatsAppAccounts(database, database, SECRETS)

    async def make(self, **access: str) -> UUID:
        account, _, _ = await self._accounts.create("Studio", ["admin"])
        await self.give(account, **access)
        return account

    async def give(self, account: UUID, phone_number_id: str = PHONE_NUMBER_ID, token: str = TOKEN) -> None:
        draft = WhatsAppDraft(phone_number_id=phone_number_id, token=token, app_secret=None, verify_token=None)
        await self._access.replace(account, draft)


@pytest.fixture
async def server() -> AsyncIterator[CloudApiServer]:
    server = CloudApiServer()
    await server.start()
    yield server
    await server.stop()


@pytest.fixture
def tenants(accounts: Accounts, database: Database) -> Tenants:
    return Tenants(accounts, database)


@asynccontextmanager
async def channel_to(url: str, database: Database, *, seconds: float = 5.0) -> AsyncIterator[WhatsAppChannel]:
    api = CloudApi(url, timeout_seconds=seconds, connections=10)
    channel = WhatsAppChannel(api, StoredCredentials(database, SECRETS))
    yield channel
    await channel.close()


@pytest.fixture
async def channel(server: CloudApiServer, database: Database) -> AsyncIterator[WhatsAppChannel]:
    async with channel_to(server.url, database) as channel:
        yield channel


def message(account: UUID, template: TemplateMessage | None = TEMPLATE, to: str = "+31612345678") -> Message:
    return Message(
        account=account,
        notification_id=uuid4(),
        kind="reminder",
        recipient=to,
        recipient_name=None,
        sender_name=None,
        reply_to=None,
        language="nl",
        subject="",
        text="",
        html="",
        template=template,
    )


@pytest.mark.parametrize("wanted", [TEMPLATE, BUTTON])
async def test_a_template_message_is_as_the_documentation_has_it(
    server: CloudApiServer, channel: WhatsAppChannel, tenants: Tenants, wanted: TemplateMessage
) -> None:
    sent = message(await tenants.make(), wanted)
    outcome = await channel.deliver(sent)
    assert server.faults == []
    (taken,) = server.taken
    assert outcome == Sent("accepted", taken["id"])
    assert taken["to"] == "31612345678"
    assert taken["biz_opaque_callback_data"] == str(sent.notification_id)
    assert (taken["template"]["name"], taken["template"]["language"]) == (wanted.name, {"code": wanted.language})
    assert [part["type"] for part in taken["template"]["components"]] == ["body", "button"][: 1 + bool(wanted.button)]


async def test_a_bad_token_is_not_tried_again_and_no_other_account_notices(
    server: CloudApiServer, channel: WhatsAppChannel, tenants: Tenants
) -> None:
    bad, good = await tenants.make(token="expired-token"), await tenants.make()
    outcomes = [await channel.deliver(message(bad)) for _ in range(5)]
    assert {type(outcome) for outcome in outcomes} == {Unusable}
    assert all("190: the access token is expired or revoked" in outcome.reason for outcome in outcomes)  # type: ignore[union-attr]  # all Unusable
    assert server.requests == 1
    assert isinstance(await channel.deliver(message(good)), Sent)
    assert list(channel.resting()) == []


async def test_a_new_token_is_tried_at_once(server: CloudApiServer, database: Database, tenants: Tenants) -> None:
    account = await tenants.make(token="expired-token")
    async with channel_to(server.url, database) as channel:
        assert isinstance(await channel.deliver(message(account)), Unusable)
    await tenants.give(account)
    async with channel_to(server.url, database) as channel:
        assert isinstance(await channel.deliver(message(account)), Sent)


async def test_an_account_without_access_is_told_so(channel: WhatsAppChannel, accounts: Accounts) -> None:
    account, _, _ = await accounts.create("none", ["admin"])
    outcome = await channel.deliver(message(account))
    assert isinstance(outcome, Unusable)
    assert "not set up" in outcome.reason


async def test_an_account_whose_answers_fail_rests_alone(
    server: CloudApiServer, channel: WhatsAppChannel, tenants: Tenants
) -> None:
    account, other = await tenants.make(), await tenants.make()
    server.codes = [131016]
    outcome = await channel.deliver(message(account))
    assert isinstance(outcome, Resting)
    assert 0.5 < outcome.pause_seconds < 2
    assert list(channel.resting()) == [account]
    assert isinstance(await channel.deliver(message(other)), Sent)
    assert isinstance(await channel.deliver(message(account)), Sent)
    assert list(channel.resting()) == []


async def test_a_limit_lets_the_account_pause_and_one_of_the_client_does_not(
    server: CloudApiServer, channel: WhatsAppChannel, tenants: Tenants
) -> None:
    account = await tenants.make()
    server.codes = [131056, 130429]
    assert isinstance(await channel.deliver(message(account)), PutOff)
    assert list(channel.resting()) == []
    assert isinstance(await channel.deliver(message(account)), PutOff)
    assert list(channel.resting()) == [account]


async def test_a_server_that_is_away_was_sent_nothing(database: Database, tenants: Tenants) -> None:
    account = await tenants.make()
    for url in ("http://127.0.0.1:1", "http://nobody.invalid"):
        async with channel_to(url, database) as channel:
            assert isinstance(await channel.deliver(message(account)), Unreachable)


async def test_a_lost_answer_leaves_the_message_in_doubt(
    server: CloudApiServer, database: Database, tenants: Tenants
) -> None:
    account = await tenants.make()
    async with channel_to(server.url, database, seconds=0.3) as channel:
        server.dropped = 1
        outcomes = [await channel.deliver(message(account))]
        server.gate = asyncio.Event()
        outcomes.append(await channel.deliver(message(account)))
        server.gate.set()
        server.gate = None
    assert [type(outcome) for outcome in outcomes] == [PutOff, PutOff]
    assert [outcome.least_seconds for outcome in outcomes if isinstance(outcome, PutOff)] == [120, 120]
    assert len(server.taken) == 2


async def test_hostile_answers_are_bounded_and_mean_nothing(
    server: CloudApiServer, channel: WhatsAppChannel, tenants: Tenants
) -> None:
    account = await tenants.make()
    huge = b'{"messages":[{"id":"wamid.X"}],"x":"' + b"x" * (4 * LARGEST_ANSWER_BYTES)
    server.raw_answers = [(200, huge), (200, b"[" * 60_000), (500, b"\xff"), (307, b"")]
    outcomes = [await channel.deliver(message(account)) for _ in range(4)]
    assert {type(outcome) for outcome in outcomes} == {Resting}
    assert isinstance(await channel.deliver(message(account)), Sent)


async def test_a_template_that_meta_does_not_have_fails_with_what_to_mend(
    channel: WhatsAppChannel, tenants: Tenants
) -> None:
    other = TemplateMessage("payment_reminder", "fr", TEMPLATE.parameters, None, "")
    outcome = await channel.deliver(message(await tenants.make(), other))
    assert isinstance(outcome, Undeliverable)
    assert outcome.reason.startswith("132001: there is no approved template of this name in this language")


async def test_connections_are_used_again_and_closed_at_the_end(
    server: CloudApiServer, database: Database, tenants: Tenants
) -> None:
    account = await tenants.make()
    async with channel_to(server.url, database) as channel:
        for _ in range(5):
            assert isinstance(await channel.deliver(message(account)), Sent)
        assert len(server.connections) == 1
