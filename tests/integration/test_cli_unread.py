"""A command whose reader has seen enough (`bugalou ... | head`) ends without a complaint."""

import asyncio
import os
import subprocess
import sys
from typing import Final

_MAIN: Final = "from services.cli import main; main()"


async def test_output_that_nobody_reads_any_more_is_no_failure_to_tell_of() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", _MAIN, "openapi", stdout=writing, stderr=subprocess.PIPE
    )
    os.close(writing)
    _, complaints = await asyncio.wait_for(process.communicate(), 60)
    assert (process.returncode, complaints) == (128 + 13, b"")
