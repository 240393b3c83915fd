"""Requests to others' servers: the address that is really connected to decides, and nothing of theirs is trusted."""

import asyncio
import ipaddress
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from services.notifier.webhooks.endpoint import Endpoints, LookUp
from shared.addresses import AddressPolicy, parse_networks
from tests.webhook_world import Endpoint


@asynccontextmanager
async def endpoints(allow: str = "", look_up: LookUp | None = None) -> AsyncIterator[Endpoints]:
    policy = AddressPolicy(parse_networks(allow))
    opened = Endpoints(policy, concurrent=4, deadline_seconds=5, look_up=look_up)
    try:
        yield opened
    finally:
        await opened.close()
        await asyncio.sleep(0)  # transports close in the next turn


def answering(*answers: list[str]) -> LookUp:
    """Return a resolver that gives these addresses, one list a question."""
    waiting = list(answers)

    async def look_up(_host: str, port: int) -> list[tuple[Any, ...]]:
        found = waiting.pop(0)
        return [(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", (address, port)) for address in found]

    return look_up


def named(endpoint: Endpoint) -> str:
    """Return the endpoint's URL, with a name for its address."""
    return endpoint.url.replace("127.0.0.1", "hooks.example.com")


async def test_a_name_that_leads_to_the_loopback_is_not_connected_to(endpoint: Endpoint) -> None:
    async with endpoints(look_up=answering(["127.0.0.1"])) as posting:
        reply = await posting.post(named(endpoint).replace("http:", "https:"), {}, b"{}")
    assert (reply.status, reply.reason) == (None, "address_refused")
    assert endpoint.received == []


async def test_a_name_that_is_bound_anew_is_judged_by_the_address_of_each_connection(endpoint: Endpoint) -> None:
    look_up = answering(["127.0.0.1"], ["127.0.0.9"])
    async with endpoints("127.0.0.1/32", look_up) as posting:
        assert (await posting.post(named(endpoint), {}, b"{}")).status == 200
    async with endpoints("127.0.0.1/32", look_up) as posting:
        assert (await posting.post(named(endpoint), {}, b"{}")).reason == "address_refused"
    assert len(endpoint.received) == 1


async def test_of_several_addresses_only_the_admitted_one_is_connected_to(endpoint: Endpoint) -> None:
    async with endpoints("127.0.0.1/32", answering(["127.0.0.9", "127.0.0.1"])) as posting:
        assert (await posting.post(named(endpoint), {}, b"{}")).status == 200
    async with endpoints("127.0.0.1/32", answering(["127.0.0.9", "10.0.0.1"])) as posting:
        assert (await posting.post(named(endpoint), {}, b"{}")).reason == "address_refused"


@pytest.mark.parametrize("host", ["127.0.0.1", "127.1", "2130706433", "0x7f.0.0.1", "[::ffff:127.0.0.1]", "[::1]"])
async def test_literals_are_judged_too_in_whatever_notation(endpoint: Endpoint, host: str) -> None:
    async with endpoints() as posting:
        for scheme in ("http", "https"):
            url = endpoint.url.replace("http:", f"{scheme}:").replace("127.0.0.1", host)
            assert (await posting.post(url, {}, b"{}")).reason == "address_refused"
    assert endpoint.received == []


async def test_a_name_with_nothing_but_a_link_local_address_is_refused() -> None:
    async def look_up(_host: str, port: int) -> list[tuple[Any, ...]]:
        return [(socket.AF_INET6, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", ("fe80::1", port, 0, 2))]

    async with endpoints("fe80::/10", look_up) as posting:
        assert (await posting.post("https://hooks.example.com/", {}, b"{}")).reason == "address_refused"


async def test_plain_http_reaches_no_public_address() -> None:
    async with endpoints("127.0.0.0/8", answering(["8.8.8.8"])) as posting:
        assert (await posting.post("http://hooks.example.com/", {}, b"{}")).reason == "address_refused"


async def test_a_name_that_nobody_knows_is_no_address() -> None:
    async def look_up(_host: str, _port: int) -> list[tuple[Any, ...]]:
        raise socket.gaierror(socket.EAI_NONAME, "not known")

    async with endpoints(look_up=look_up) as posting:
        assert (await posting.post("https://hooks.example.com/", {}, b"{}")).reason == "unknown_host"


async def test_a_name_server_that_does_not_answer_is_cut_at_the_deadline() -> None:
    async def look_up(_host: str, _port: int) -> list[tuple[Any, ...]]:
        await asyncio.Event().wait()
        return []

    opened = Endpoints(AddressPolicy(), concurrent=1, deadline_seconds=0.2, look_up=look_up)
    assert (await opened.post("https://hooks.example.com/", {}, b"{}")).reason == "timeout"
    await opened.close()


async def test_proxies_of_the_environment_are_not_used(endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    async with endpoints("127.0.0.1/32") as posting:
        assert (await posting.post(endpoint.url, {}, b"{}")).status == 200


async def test_cookies_are_not_kept(endpoint: Endpoint) -> None:
    endpoint.answers = [web.Response(headers={"Set-Cookie": "a=b"})]
    async with endpoints("127.0.0.1/32") as posting:
        for _ in range(2):
            await posting.post(endpoint.url, {}, b"{}")
    assert all("cookie" not in headers for headers in endpoint.headers)


@pytest.mark.parametrize(
    "answer",
    [
        b"not http at all\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"a" * 100_000 + b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"".join(b"X-%d: a\r\n" % n for n in range(2000)) + b"\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n",
    ],
)
async def test_answers_that_are_no_http_are_failures(answer: bytes) -> None:
    async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        writer.close()

    server = await asyncio.start_server(speak, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with endpoints("127.0.0.1/32") as posting:
        reply = await posting.post(f"http://127.0.0.1:{port}/", {}, b"{}")
    server.close()
    await server.wait_closed()
    assert (reply.status, reply.reason) == (None, "broken_answer")


async def test_a_certificate_that_nobody_vouches_for_is_refused(tmp_path: Path) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(_self_signed(tmp_path))

    async def nothing(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    server = await asyncio.start_server(nothing, "127.0.0.1", 0, ssl=context)
    port = server.sockets[0].getsockname()[1]
    async with endpoints("127.0.0.1/32") as posting:
        assert (await posting.post(f"https://127.0.0.1:{port}/", {}, b"{}")).reason == "tls"
    server.close()
    await server.wait_closed()


def _self_signed(folder: Path) -> Path:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    address = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), now, now + timedelta(days=1))
        .add_extension(address, critical=False)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path = folder / "server.pem"
    path.write_bytes(private + certificate.public_bytes(serialization.Encoding.PEM))
    return path
