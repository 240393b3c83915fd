"""The container stack for real: built, started, used through its proxy, scaled, robbed of its parts, and removed."""

import asyncio
import email
import email.policy
import io
import json
import os
import re
import shutil
from collections import Counter
from collections.abc import AsyncIterator
from email.message import EmailMessage
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import aiohttp
import pytest
from yarl import URL

from services.cli.stack.ports import LOOPBACK, free_ports
from services.gateway.examples import NEW_INVOICE, PAYMENT
from tests.polling import eventually

ROOT: Final = Path(__file__).parents[2]
USER_ID: Final = "10001"
IMAGE_TAG: Final = "test"
_PULL_SECONDS: Final = 180
_UP_SECONDS: Final = 900
_COMMAND_SECONDS: Final = 120
_READ_MAIL: Final = (
    "import json, pathlib;"
    "print(json.dumps([mail.read_text() for mail in sorted(pathlib.Path('/var/lib/bugalou/mail').glob('*.eml'))]))"
)

# Also longer than the slowest single step below.
pytestmark = pytest.mark.timeout(_UP_SECONDS + 60)


class Failed(Exception):
    """A program ended with an error; its output is the message."""


async def run(*argv: str, seconds: float = _COMMAND_SECONDS, environment: dict[str, str] | None = None) -> str:
    """Run a program to its end and return its standard output."""
    process = await asyncio.create_subprocess_exec(
        *argv,
        cwd=ROOT,
        env={**os.environ, **(environment or {})},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(seconds):
            output, errors = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode != 0:
        raise Failed(f"{' '.join(argv)}: {process.returncode}\n{(output + errors).decode()[-4000:]}")
    return output.decode()


class Stack:
    """A project of its own, on a port of its own."""

    def __init__(self, compose: tuple[str, ...]) -> None:
        self._compose = compose
        self._project = f"bugalou-test-{uuid4().hex[:8]}"
        self._port = free_ports(1)[0]
        self.key = ""

    async def compose(self, *words: str, seconds: float = _COMMAND_SECONDS) -> str:
        # Settings of whoever runs the tests stay out of it.
        given = {"PUBLISH_ADDRESS": LOOPBACK, "PUBLISH_PORT": str(self._port), "IMAGE_TAG": IMAGE_TAG}
        return await run(*self._compose, "-p", self._project, *words, seconds=seconds, environment=given)

    async def request(
        self, method: str, path: str, body: Any = None, **headers: str
    ) -> tuple[int, Any, dict[str, str]]:
        """Return status, document and headers; the path goes out as it stands."""
        url = URL(f"http://{LOOPBACK}:{self._port}{path}", encoded=True)
        content = {"data": body} if isinstance(body, io.BytesIO) else {"json": body}
        own = {
            "X-API-Key": self.key,
            "Content-Type": "application/json",
            **{name.replace("_", "-"): value for name, value in headers.items()},
        }
        async with (
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=60)) as session,
            session.request(method, url, **content, headers=own) as response,
        ):
            return response.status, json.loads(await response.read()), dict(response.headers)

    async def post(self, order: dict[str, Any], **headers: str) -> tuple[int, Any, dict[str, str]]:
        return await self.request("POST", "/api/v1/orders", order, **headers)

    async def mails(self) -> list[EmailMessage]:
        texts = json.loads(await self.compose("exec", "-T", "mail", "python", "-c", _READ_MAIL))
        return [email.message_from_string(text, policy=email.policy.default) for text in texts]

    async def is_ready(self) -> bool:
        try:
            return (await self.request("GET", "/readyz"))[0] == 200
        except (OSError, aiohttp.ClientError):
            return False


async def _compose_command() -> tuple[str, ...]:
    """Return how Compose is called here, or skip."""
    try:
        await run("docker", "version", seconds=20)
    except (OSError, Failed, TimeoutError):
        pytest.skip("no Docker engine answers here: the container stack is NOT tested")
    try:
        await run("docker", "compose", "version", seconds=20)
    except (Failed, TimeoutError):
        if not shutil.which("docker-compose"):
            pytest.skip("there is no Docker Compose here: the container stack is NOT tested")
        return ("docker-compose",)
    return ("docker", "compose")


async def _have_base_images() -> None:
    """Have every image that is not ours, or skip."""
    files = (ROOT / "docker-compose.yml", ROOT / "deploy" / "Dockerfile", ROOT / "deploy" / "proxy" / "Dockerfile")
    # Not those of a profile: nobody starts them here.
    named = {
        name
        for file in files
        for name in re.findall(r"^(?:FROM|    image:) (\S+)(?!\n    profiles:)$", file.read_text(), re.MULTILINE)
    }
    for image in sorted(name for name in named if not name.startswith("bugalou")):
        try:
            await run("docker", "image", "inspect", image)
        except Failed:
            try:
                await run("docker", "pull", "--quiet", image, seconds=_PULL_SECONDS)
            except (Failed, TimeoutError):
                pytest.skip(f"the image {image} cannot be had here: the container stack is NOT tested")


@pytest.fixture(scope="module")
async def stack() -> AsyncIterator[Stack]:
    """The stack, ready, with an account."""
    stack = Stack(await _compose_command())
    await _have_base_images()
    await stack.compose("config", "--quiet")
    try:
        await stack.compose("up", "--build", "--detach", seconds=_UP_SECONDS)
        await eventually(stack.is_ready, within=60)
        made = await stack.compose("exec", "-T", "console", "bugalou", "accounts", "create", "De Groot", "--json")
        stack.key = json.loads(made)["key"]
        await eventually(lambda: _knows_the_key(stack), within=10)
        yield stack
    except Failed as error:
        error.add_note(await stack.compose("ps") + await stack.compose("logs", "--tail", "20"))
        raise
    finally:
        await stack.compose("down", "--volumes", "--timeout", "5", seconds=300)


async def _knows_the_key(stack: Stack) -> bool:
    # By the gateway and by the console, each of which looks for new keys by itself.
    posted, _, _ = await stack.post({})
    found, _, _ = await stack.request("GET", "/api/v1/orders/custom/none")
    return (posted, found) == (422, 404)


async def test_invoice_and_its_payment_become_one_order_and_one_thank_you(stack: Stack) -> None:
    assert (await stack.post(NEW_INVOICE))[0] == 202
    assert (await stack.post(PAYMENT))[0] == 202

    async def paid() -> Any:
        status, document, _ = await stack.request("GET", "/api/v1/orders/custom/INV-2026-042")
        # Either may be stored first: a worker has several transactions under way.
        whole = status == 200 and document["order"]["paymentStatus"] == "paid" and document["order"]["total"]
        return document["order"] if whole else None

    order = await eventually(paid)
    assert (order["total"], order["amountDue"], order["customerEmail"]) == ("2950.00", "0.00", "klant@bedrijf.nl")
    (mail,) = await eventually(stack.mails, within=40)
    assert mail["X-RcptTo"] == "klant@bedrijf.nl"
    assert mail["X-Bugalou-Notification"] == "confirmation"
    text = mail.get_body(("plain",))
    assert text is not None
    assert "2.950,00" in text.get_content()


async def test_paths_pass_the_proxy_as_they_came(stack: Stack) -> None:
    order = {"platform": "custom", "orderNumber": "2026/07 #1", "orderStatus": "processing"}
    status, _, _ = await stack.post(order, Prefer="wait=20")
    assert status == 201
    status, document, _ = await stack.request("GET", "/api/v1/orders/custom/2026%2F07%20%231")
    assert status == 200
    assert document["order"]["orderNumber"] == "2026/07 #1"


@pytest.mark.parametrize("size", [300_000, 17 * 1024 * 1024])
async def test_body_over_the_limit_is_refused_where_the_client_sees_it(stack: Stack, size: int) -> None:
    for _ in range(5):
        status, problem, headers = await stack.request("POST", "/api/v1/orders", io.BytesIO(b"x" * size))
        assert (status, problem["code"]) == (413, "body_too_large")
        assert headers["Content-Type"] == "application/problem+json"


async def test_each_path_reaches_the_service_that_answers_it(stack: Stack) -> None:
    assert (await stack.request("POST", "/api/v1/orders/batch", []))[1]["code"] == "empty_batch"
    assert "broker" in (await stack.request("GET", "/readyz"))[1]["checks"]
    assert (await stack.request("GET", "/healthz"))[0] == 200
    assert (await stack.request("PUT", "/api/v1/orders"))[0] == 405
    assert (await stack.request("GET", "/api/v1/nothing"))[0] == 404


@pytest.mark.parametrize("service", ["gateway", "worker", "relay", "notifier", "console", "mail", "proxy"])
async def test_containers_run_as_nobody_and_write_nowhere(stack: Stack, service: str) -> None:
    look = "id -u; touch /opt/x /usr/x /x 2>/dev/null && echo written || echo refused"
    assert (await stack.compose("exec", "-T", service, "sh", "-c", look)).split() == [USER_ID, "refused"]


async def test_deliveries_go_on_after_the_broker_was_restarted(stack: Stack) -> None:
    await stack.compose("restart", "--timeout", "1", "rabbitmq")
    await eventually(stack.is_ready, within=90)

    async def stored() -> bool:
        order = {"platform": "custom", "orderNumber": "AFTER-RESTART", "orderStatus": "processing"}
        status, _, _ = await stack.post(order, Prefer="wait=5")
        return status in (200, 201)

    await eventually(stored, within=60)


async def test_scaled_services_share_the_work_and_nobody_is_thanked_twice(stack: Stack) -> None:
    scale = ("--scale", "worker=3", "--scale", "notifier=2", "--scale", "gateway=2")
    await stack.compose("up", "--detach", *scale, seconds=300)
    running = (await stack.compose("ps", "-q", "worker")).split()
    assert len(running) == 3
    assert len((await stack.compose("ps", "-q", "gateway")).split()) == 2
    clients = {f"klant-{number}@bedrijf.nl" for number in range(40)}
    for number, client in enumerate(sorted(clients)):
        order = {
            "platform": "scaled",
            "orderNumber": f"S-{number}",
            "orderStatus": "delivered",
            "customerEmail": client,
            "total": "10.00",
            "amountPaid": "10.00",
            "currency": "EUR",
            "paymentStatus": "paid",
        }
        assert (await stack.post(order))[0] == 202

    async def thanked() -> Counter[str]:
        found = Counter(mail["X-RcptTo"] for mail in await stack.mails() if mail["X-RcptTo"] in clients)
        return found if len(found) == len(clients) else Counter()

    assert set((await eventually(thanked, within=60)).values()) == {1}


async def test_without_a_gateway_the_proxy_says_so_and_reading_goes_on(stack: Stack) -> None:
    status, _, _ = await stack.post(
        {"platform": "custom", "orderNumber": "KEPT", "orderStatus": "processing"}, Prefer="wait=20"
    )
    assert status in (200, 201)
    await stack.compose("stop", "gateway")

    async def refused() -> Any:
        status, problem, headers = await stack.post(
            {"platform": "custom", "orderNumber": "X", "orderStatus": "processing"}
        )
        return (problem, headers) if status == 503 else None

    problem, headers = await eventually(refused)
    assert headers["Content-Type"] == "application/problem+json"
    assert headers["Retry-After"] == "1"
    assert problem["code"] == "unavailable"
    assert (await stack.request("GET", "/api/v1/orders/custom/KEPT"))[0] == 200
    await stack.compose("start", "gateway")
    await eventually(stack.is_ready, within=30)


async def test_command_without_a_database_says_so_in_one_line(stack: Stack) -> None:
    assert stack.key
    with pytest.raises(Failed) as failed:
        await run(
            "docker", "run", "--rm", "--read-only", f"bugalou:{IMAGE_TAG}", "bugalou", "accounts", "create", "Nobody"
        )
    assert "BUGALOU_DATABASE_URL is not set" in str(failed.value)
    assert "Traceback" not in str(failed.value)
