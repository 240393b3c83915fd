"""`bugalou notify preview`, as an operator runs it."""

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import asyncpg
import pytest

from services.worker.store import Store
from shared.database import Database
from tests.submissions import ACCOUNT, submission


async def run(database_url: str, *words: str) -> "subprocess.CompletedProcess[str]":
    return await asyncio.to_thread(
        subprocess.run,
        [str(Path(sys.executable).with_name("bugalou")), "notify", "preview", "--account", str(ACCOUNT), *words],
        env={**os.environ, "BUGALOU_DATABASE_URL": database_url},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )


@pytest.fixture
async def address(database_url: str, database: Database) -> str:
    async with database.transaction() as connection:
        await connection.execute("INSERT INTO accounts (id, name) VALUES ($1, 'Studio Jansen')", ACCOUNT)
        await connection.execute(
            "INSERT INTO settings (account_id, document) VALUES ($1, $2::text::jsonb)",
            ACCOUNT,
            '{"iban": "NL91ABNA0417164300"}',
        )
    sent = submission("2026/042", total="1234.5", currency="EUR", customerName="De Groot", paymentStatus="overdue")
    await Store(database).settle([sent])
    return database_url


async def test_texts_and_pages_are_shown_and_nothing_is_stored(address: str, tmp_path: Path) -> None:
    page = tmp_path / "messages.html"
    text, written, unknown = await asyncio.gather(
        run(address, "--number", "2026/042", "--only", "final"),
        run(address, "--html", str(page)),
        run(address, "--number", "none"),
    )
    assert text.returncode == 0, text.stderr
    assert "Aanmaning: factuur 2026/042 staat nog open" in text.stdout
    assert "1.234,50" in text.stdout
    assert written.returncode == 0, written.stderr
    assert page.read_text().count("<iframe") == 8
    assert "data:image/png;base64," in page.read_text()
    assert (unknown.returncode, unknown.stdout) == (2, "")
    connection = await asyncpg.connect(address)
    assert await connection.fetchval("SELECT count(*) FROM notifications") == 0
    await connection.close()
