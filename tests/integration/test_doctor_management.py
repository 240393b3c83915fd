"""`bugalou doctor --management`: what only RabbitMQ's management API shows, asked of one that has it."""

from collections.abc import AsyncIterator, Iterator
from secrets import token_hex
from typing import Final

import pytest
from aio_pika.abc import AbstractChannel
from msgspec import Struct
from yarl import URL

from services.cli.doctor.finding import Finding
from services.cli.doctor.rabbitmq import examine_rabbitmq
from services.cli.stack.errors import StackError
from services.cli.stack.ports import LOOPBACK, free_ports
from services.cli.stack.rabbitmq import PrivateRabbitMQ
from shared.topology import Names, declare
from tests.polling import eventually
from tests.queues import channel_to

NAMES: Final = Names("doctor")
_LISTENER: Final = "management.tcp.ip = {host}\nmanagement.tcp.port = {port}\n"


class Managed(PrivateRabbitMQ):
    """A broker of our own with the management plugin, which comes with it."""

    def prepare(self) -> None:
        """Write the configuration, and what the plugin needs beside it."""
        super().prepare()
        self.management_port = free_ports(1, avoid=[self.port])[0]
        written = self.directory / "rabbitmq.conf"
        settings = written.read_text() + _LISTENER.format(host=LOOPBACK, port=self.management_port)
        self._owner.write(written, settings)
        self._owner.write(self.directory / "enabled_plugins", "[rabbitmq_management].\n")


class Patient(Struct, frozen=True):
    """The broker that is examined."""

    server: Managed
    channel: AbstractChannel

    async def examined(self, **changes: str) -> dict[str, Finding]:
        url = URL(self.server.url)
        management = URL.build(
            scheme="http",
            host=LOOPBACK,
            port=self.server.management_port,
            user=url.user,
            password=changes.get("password", url.password),
        )
        return {finding.check: finding async for finding in examine_rabbitmq(self.server.url, NAMES, str(management))}

    async def becomes(self, check: str, state: str) -> Finding:
        """Return a finding once it is in a state: the API's figures are a few seconds old."""
        found: dict[str, Finding] = {}

        async def is_so() -> bool:
            found.update(await self.examined())
            return check in found and found[check].state == state

        await eventually(is_so, within=60, what=f"{check} is {state}")
        return found[check]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Managed]:
    try:
        managed = Managed(tmp_path_factory.mktemp("managed"), free_ports(1)[0], password=token_hex(16))
    except StackError as error:
        pytest.skip(f"needs a RabbitMQ of its own: {error}")
    with managed as running:
        yield running


@pytest.fixture
async def patient(server: Managed) -> AsyncIterator[Patient]:
    async with channel_to(server.url) as channel:
        await declare(channel, NAMES)
        yield Patient(server, channel)


async def test_healthy_broker_has_nothing_to_mend(patient: Patient) -> None:
    assert (await patient.becomes("bindings", "ok")).do == ""
    for queue in (NAMES.submissions, NAMES.notifications):
        assert (await patient.becomes(f"policy of {queue}", "ok")).says == "none"
    node = await patient.becomes(f"node {patient.server.node}", "ok")
    assert "GiB of disk are free" in node.says


async def test_binding_that_is_gone_is_found(patient: Patient) -> None:
    queue = await patient.channel.get_queue(NAMES.notifications)
    await queue.unbind(NAMES.events, "payment.paid.*")
    finding = await patient.becomes("bindings", "failed")
    assert finding.says == "missing: payment.paid.*"
    await declare(patient.channel, NAMES)
    await patient.becomes("bindings", "ok")


async def test_policy_that_drops_what_was_accepted_is_found(patient: Patient) -> None:
    patient.server.control("set_policy", "short", f"^{NAMES.submissions}$", '{"message-ttl": 60000}')
    finding = await patient.becomes(f"policy of {NAMES.submissions}", "failed")
    assert finding.says == "short: message-ttl"
    patient.server.control("clear_policy", "short")
    await patient.becomes(f"policy of {NAMES.submissions}", "ok")


async def test_alarm_that_blocks_publishers_is_found(patient: Patient) -> None:
    patient.server.control("set_disk_free_limit", "100000GB")
    try:
        finding = await patient.becomes(f"node {patient.server.node}", "failed")
    finally:
        patient.server.control("set_disk_free_limit", "200MB")
    assert "disk_free_alarm" in finding.says
    await patient.becomes(f"node {patient.server.node}", "ok")


async def test_wrong_password_is_named_and_kept_to_itself(patient: Patient) -> None:
    finding = (await patient.examined(password="not-it"))["bindings and policies"]
    assert finding.state == "failed"
    assert "not-it" not in str(finding)
