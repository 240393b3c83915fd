"""The example clients do what they show, in each language that is on this machine."""

import asyncio
import json
import shutil
from pathlib import Path
from typing import Final

import pytest
from aiohttp import web

from services.cli.stack.ports import free_ports
from tests.live import running_live
from tests.tenant import Tenant

EXAMPLES: Final = Path(__file__).parents[2] / "deploy" / "examples"
LANGUAGES: Final = {"sh": "client.sh", "python3": "client.py", "node": "client.mjs", "php": "client.php"}


def languages() -> list[object]:
    return [
        pytest.param(
            language,
            marks=pytest.mark.skipif(
                shutil.which(language) is None, reason=f"no {language} here: {LANGUAGES[language]} is NOT tested"
            ),
        )
        for language in LANGUAGES
    ]


async def run(language: str, url: str, key: str, number: str) -> tuple[int, str, str]:
    process = await asyncio.create_subprocess_exec(
        language,
        str(EXAMPLES / LANGUAGES[language]),
        number,
        env={"PATH": "/usr/local/bin:/usr/bin:/bin", "BUGALOU_URL": url, "BUGALOU_API_KEY": key},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    output, errors = await asyncio.wait_for(process.communicate(), 90)
    return process.returncode or 0, output.decode(), errors.decode()


async def test_every_example_stores_an_invoice_and_its_payment_once_however_often_it_runs(
    account: Tenant, database_url: str, amqp_url: str, amqp_prefix: str
) -> None:
    there = [language for language in LANGUAGES if shutil.which(language)]
    async with running_live(
        account.live.key, database_url=database_url, amqp_url=amqp_url, amqp_prefix=amqp_prefix
    ) as client:
        for language in there:
            number = f"EX-{language}"
            for _ in range(2):
                code, output, errors = await run(language, str(client.url), account.live.key, number)
                assert (code, errors) == (0, ""), language
                first, second = (json.loads(line) for line in output.splitlines())
                # curl shows the whole answer, the others the order in it.
                order = second.get("order", second)
                assert (order["paymentStatus"], order["amountPaid"]) == ("paid", "2950.00"), language
                assert first.get("order", first)["orderNumber"] == number
            history = (await client.get(f"/api/v1/orders/example/{number}/history")).document["data"]
            assert [one["state"] for one in history] == ["applied", "applied"], language
            code, output, errors = await run(language, str(client.url), account.live.key, " ")
            assert code != 0, language
            assert "/orderNumber" in output + errors, "the fault is shown with its place"


@pytest.mark.parametrize("language", languages())
async def test_example_comes_back_when_it_is_asked_to(language: str) -> None:
    answers = [503, 429]
    taken: list[str] = []

    async def post(request: web.Request) -> web.Response:
        await request.read()
        if answers:
            return web.json_response({"error": "later"}, status=answers.pop(0), headers={"Retry-After": "1"})
        taken.append(request.headers["Idempotency-Key"])
        return web.json_response({"success": True, "order": {}}, status=201)

    application = web.Application()
    application.router.add_post("/api/v1/orders", post)
    runner = web.AppRunner(application)
    await runner.setup()
    (port,) = free_ports(1)
    await web.TCPSite(runner, "127.0.0.1", port).start()
    try:
        code, _, errors = await run(language, f"http://127.0.0.1:{port}", "bg_test_x", "7")
    finally:
        await runner.cleanup()
    assert code == 0, errors
    assert taken == ["7-invoice", "7-payment"]
