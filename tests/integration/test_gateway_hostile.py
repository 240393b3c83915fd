"""Bytes that no HTTP library would send get a problem document or the end of their connection; the process goes on."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Final

import pytest
from multidict import CIMultiDict
from structlog.testing import capture_logs

from services.console.accounts import Accounts
from shared.database import Database
from shared.keys import SCOPES
from tests.gateways import SEED, Answer, Client, running_gateway
from tests.isolation import fresh_database, fresh_prefix

BODY: Final = json.dumps(SEED).encode()
ECHO: Final = b"zz-echo-zz"


@pytest.fixture(scope="module")
async def gateway(postgres_url: str, template: str, amqp_url: str) -> AsyncIterator[Client]:
    async with fresh_database(postgres_url, template) as url, fresh_prefix(amqp_url) as prefix:
        database = Database(url, purpose="test", most=1)
        await database.open()
        try:
            _, live, _ = await Accounts(database).create("De Groot", SCOPES)
            async with running_gateway(
                live.key,
                database_url=url,
                amqp_url=amqp_url,
                amqp_prefix=prefix,
                HTTP_HEADER_SECONDS=0.6,
                HTTP_BODY_SECONDS=0.6,
                HTTP_MOST_CONNECTIONS=40,
            ) as client:
                yield client
        finally:
            await database.close()


@pytest.fixture(autouse=True)
async def process_stays_healthy(gateway: Client) -> AsyncIterator[None]:
    yield
    assert (await gateway.ask("GET", "/healthz")).status == 200
    assert (await gateway.post(SEED)).status == 202


async def connect(gateway: Client) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    return await asyncio.open_connection(gateway.url.host, gateway.url.port)


async def send(gateway: Client, *parts: bytes, ends: bool = False, whole: bool = False) -> bytes:
    """Send bytes; return the first answer, or all until the end where `whole`; nothing where there is no answer."""
    reader, writer = await connect(gateway)
    try:
        for part in parts:
            writer.write(part)
            await writer.drain()
        if ends:
            writer.write_eof()
        async with asyncio.timeout(20):
            return await (reader.read() if whole else read_answer(reader))
    except (ConnectionError, asyncio.IncompleteReadError):
        return b""
    finally:
        writer.transport.abort()


async def read_answer(reader: asyncio.StreamReader) -> bytes:
    head = await reader.readuntil(b"\r\n\r\n")
    if head.startswith(b"HTTP/1.1 100"):
        return head + await read_answer(reader)
    return head + await reader.readexactly(int(parse(head).headers["Content-Length"]))


def parse(raw: bytes) -> Answer:
    head, _, body = raw.partition(b"\r\n\r\n")
    status, *lines = head.decode("latin-1").split("\r\n")
    return Answer(int(status.split()[1]), CIMultiDict(line.partition(": ")[::2] for line in lines), body)


def check_refused(raw: bytes, *statuses: int) -> Answer:
    answer = parse(raw)
    assert answer.status in statuses, raw
    assert answer.is_problem(), raw
    assert ECHO not in raw, "nothing of the request may be echoed"
    assert b"aiohttp" not in raw.lower(), "nor what software runs here be named"
    return answer


def request(gateway: Client, *, line: bytes = b"POST /api/v1/orders HTTP/1.1", headers: bytes = b"") -> bytes:
    return (
        line + b"\r\nHost: a\r\nConnection: close\r\nContent-Type: application/json\r\n"
        b"X-API-Key: " + gateway.key.encode() + b"\r\n" + headers + b"\r\n"
    )


def chunked(gateway: Client) -> bytes:
    return request(gateway, headers=b"Transfer-Encoding: chunked\r\n")


@pytest.mark.parametrize(
    "line",
    [
        b"GET /zz-echo-zz",
        b"GET / HTTP/0.9",
        b"PRI * HTTP/2.0",
        b"GET / HTTP/2.0",
        b"GET / HTTP/3.0",
        b"GET / HTTP/1.9",
        b"GET / HTTP/zz-echo-zz",
        b"GET / HTTPS/1.1",
        b"GET /\x00zz-echo-zz HTTP/1.1",
        b"G\x00T / HTTP/1.1",
        b"zz-echo-zz",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"AMQP\x00\x00\x09\x01",
        b"*1\r\n$4\r\nPING",
    ],
)
async def test_request_line_that_is_not_http_1_is_refused(gateway: Client, line: bytes) -> None:
    check_refused(await send(gateway, line + b"\r\nHost: a\r\n\r\n"), 400, 505)


@pytest.mark.parametrize("version", [b"HTTP/0.9", b"HTTP/2.0"])
async def test_order_posted_with_another_version_is_refused(gateway: Client, version: bytes) -> None:
    length = b"Content-Length: %d\r\n" % len(BODY)
    raw = await send(gateway, request(gateway, line=b"POST /api/v1/orders " + version, headers=length) + BODY)
    check_refused(raw, 400, 505)


async def test_http_2_preface_is_refused(gateway: Client) -> None:
    check_refused(await send(gateway, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00"), 400, 505)


async def test_http_1_0_is_served(gateway: Client) -> None:
    length = b"Content-Length: %d\r\n" % len(BODY)
    raw = await send(gateway, request(gateway, line=b"POST /api/v1/orders HTTP/1.0", headers=length) + BODY)
    assert parse(raw).status == 202


@pytest.mark.parametrize("method", [b"ZZ-ECHO-ZZ", b"TRACE", b"CONNECT", b"OPTIONS", b"post", b"G" * 4000])
async def test_unknown_method_is_refused(gateway: Client, method: bytes) -> None:
    raw = await send(gateway, request(gateway, line=method + b" /api/v1/orders HTTP/1.1"))
    check_refused(raw, 400, 404, 405)
    assert b"ZZ-ECHO" not in raw


@pytest.mark.parametrize(
    "head",
    [
        b"X-Long: " + b"zz-echo-zz" * 100_000,
        b"".join(b"X-%d: zz-echo-zz\r\n" % number for number in range(100_000))[:-2],
        b"zz-echo-zz",
        b": zz-echo-zz",
        b"X Y: zz-echo-zz",
        b"X\x00Y: zz-echo-zz",
        b"X: zz\x00echo",
        b" folded: zz-echo-zz",
        b"Content-Length: -5",
        b"Content-Length: +5",
        b"Content-Length: 5, 6",
        b"Content-Length: zz-echo-zz",
        b"Content-Length: 0x10",
        b"Content-Length: 99999999999999999999999999",
        b"Content-Length: 5\r\nContent-Length: 6",
        b"Transfer-Encoding: zz-echo-zz",
        b"Transfer-Encoding: chunked, chunked",
        b"Content-Length: 5\r\nTransfer-Encoding: chunked",
        b"Transfer-Encoding: chunked\r\nContent-Length: 5",
        b"Transfer-Encoding : chunked",
        b"Transfer-Encoding: \x0bchunked",
        b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity",
    ],
)
async def test_headers_that_are_wrong_huge_or_smuggle_are_refused(gateway: Client, head: bytes) -> None:
    raw = await send(gateway, request(gateway, headers=head + b"\r\n") + b"5\r\nhello\r\n0\r\n\r\n")
    if raw:  # a kernel may drop the answer with what was still being sent
        check_refused(raw, 400, 413)


async def test_smuggled_request_is_never_answered(gateway: Client) -> None:
    inner = request(gateway, headers=b"Content-Length: %d\r\n" % len(BODY)) + BODY
    outer = request(gateway, headers=b"Content-Length: %d\r\nTransfer-Encoding: chunked\r\n" % (5 + len(inner)))
    raw = await send(gateway, outer.replace(b"Connection: close\r\n", b"") + b"0\r\n\r\n" + inner, whole=True)
    assert raw.count(b"HTTP/1.") == 1
    check_refused(raw, 400)


@pytest.mark.parametrize(
    "chunks",
    [
        b"zz-echo-zz\r\n",
        b"-5\r\nhello\r\n",
        b"5\r\nhelloworld\r\n0\r\n\r\n",
        b"FFFFFFFFFFFFFFFFFF\r\nhello\r\n",
        b"5;" + b"zz-echo-zz" * 10_000 + b"\r\nhello\r\n",
        b"0x5\r\nhello\r\n",
        b"\r\n\r\n\r\n",
    ],
)
async def test_garbage_in_chunks_is_refused(gateway: Client, chunks: bytes) -> None:
    raw = await send(gateway, chunked(gateway), chunks)
    if raw:
        check_refused(raw, 400, 408)


async def test_chunked_body_without_an_end_to_its_size_is_413(gateway: Client) -> None:
    reader, writer = await connect(gateway)
    try:
        writer.write(chunked(gateway))
        with_room = b"10000\r\n" + b" " * 0x10000 + b"\r\n"
        try:
            for _ in range(200):
                writer.write(with_room)
                await writer.drain()
        except ConnectionError:
            pass
        async with asyncio.timeout(20):
            raw = await read_answer(reader)
    except (ConnectionError, asyncio.IncompleteReadError):
        return  # answered and closed while the rest was still on its way
    finally:
        writer.transport.abort()
    check_refused(raw, 413)


async def test_declared_size_above_the_limit_is_refused_before_it_is_sent(gateway: Client) -> None:
    raw = await send(gateway, request(gateway, headers=b"Content-Length: 10737418240\r\n"))
    check_refused(raw, 413)


async def test_head_that_comes_too_slowly_ends_the_connection(gateway: Client) -> None:
    reader, writer = await connect(gateway)
    ended = asyncio.ensure_future(reader.read())
    try:
        for byte in b"POST /api/v1/orders HTTP/1.1\r\nX-Slow: " + b"z" * 1000:
            writer.write(bytes([byte]))
            done, _ = await asyncio.wait((ended,), timeout=0.05)
            if done:
                break
        assert ended.done(), "a byte now and then kept the connection open"
        raw = b"" if ended.exception() else ended.result()
        if raw:
            check_refused(raw, 408)
    finally:
        ended.cancel()
        writer.transport.abort()


async def test_silent_connection_is_ended(gateway: Client) -> None:
    raw = await send(gateway)
    if raw:
        check_refused(raw, 408)


async def test_body_that_comes_too_slowly_is_408(gateway: Client) -> None:
    for raw in (
        await send(gateway, request(gateway, headers=b"Content-Length: 100\r\n"), b'{"platform"'),
        await send(gateway, chunked(gateway), b"5\r\nhel"),
    ):
        answer = check_refused(raw, 408)
        assert answer.document["code"] == "request_timeout"


async def test_body_cut_off_by_its_sender_is_no_order_and_no_failure_of_ours(gateway: Client) -> None:
    with capture_logs() as logs:
        raw = await send(gateway, request(gateway, headers=b"Content-Length: 500\r\n"), BODY, ends=True)
        if raw:
            check_refused(raw, 400, 408)
        assert (await gateway.ask("GET", "/healthz")).status == 200  # by now the first is done with
    assert [line for line in logs if line["event"] == "request.failed"] == []


async def test_expect_100_continue_is_served_and_any_other_expectation_refused(gateway: Client) -> None:
    length = b"Content-Length: %d\r\n" % len(BODY)
    raw = await send(gateway, request(gateway, headers=length + b"Expect: 100-continue\r\n"), BODY)
    assert raw.startswith(b"HTTP/1.1 100 Continue\r\n\r\n")
    assert parse(raw.partition(b"\r\n\r\n")[2]).status == 202
    raw = await send(gateway, request(gateway, headers=length + b"Expect: zz-echo-zz\r\n"))
    check_refused(raw, 417)


async def test_upgrade_to_another_protocol_is_not_taken(gateway: Client) -> None:
    length = b"Content-Length: %d\r\n" % len(BODY)
    for protocol in (b"h2c", b"websocket"):
        headers = length + b"Upgrade: " + protocol + b"\r\n"
        raw = await send(gateway, request(gateway, headers=headers).replace(b"close", b"Upgrade, close") + BODY)
        assert parse(raw).status in (202, 400), raw


async def test_pipelined_requests_are_answered_in_order(gateway: Client) -> None:
    open_ended = request(gateway, headers=b"Content-Length: 2\r\n").replace(b"Connection: close\r\n", b"") + b"{}"
    last = request(gateway, headers=b"Content-Length: 1\r\n") + b"{"
    raw = await send(gateway, open_ended * 20 + last, whole=True)
    assert raw.count(b"HTTP/1.1 422") == 20
    assert raw.count(b"HTTP/1.1 400") == 1
    assert raw.rindex(b"HTTP/1.1 422") < raw.index(b"HTTP/1.1 400")


async def test_more_connections_than_may_be_get_503_and_those_that_are_open_go_on(gateway: Client) -> None:
    async def first_answer() -> bytes:
        reader, writer = await connect(gateway)
        opened.append(writer)
        try:
            return await read_answer(reader)
        except (ConnectionError, asyncio.IncompleteReadError):
            return b""

    opened: list[asyncio.StreamWriter] = []
    try:
        async with asyncio.timeout(20):
            answers = await asyncio.gather(*(first_answer() for _ in range(60)))
    finally:
        for writer in opened:
            writer.transport.abort()
    refusals = [answer for answer in answers if answer.startswith(b"HTTP/1.1 503")]
    assert len(refusals) >= 20
    assert check_refused(refusals[0], 503).headers["Retry-After"] == "1"
