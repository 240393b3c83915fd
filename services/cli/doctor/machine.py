"""What the doctor looks at besides the two servers: Python, the services' own word, and the mail server."""

import asyncio
import platform
import sys
from typing import Final

import aiohttp

from services.cli.doctor.finding import Finding, judged
from services.notifier.channels.smtp import Server, SmtpConnections, SmtpUnavailable

OLDEST_PYTHON: Final = (3, 11)
_SECONDS: Final = 5.0


def examine_python() -> Finding:
    """Return which Python runs this."""
    return judged(
        "python",
        f"Python {platform.python_version()}",
        failed="" if sys.version_info[:2] >= OLDEST_PYTHON else "Python 3.11 is the oldest that works: upgrade.",
    )


async def examine_services(url: str) -> Finding:
    """Return what /readyz says of the services at an address."""
    try:
        timeout = aiohttp.ClientTimeout(total=_SECONDS)
        async with aiohttp.ClientSession(timeout=timeout) as session, session.get(f"{url}/readyz") as response:
            document = await response.json()
            found = {name: said for name, said in document["checks"].items() if said != "ok"}
            says = "; ".join(f"{name}: {said}" for name, said in found.items()) or "ready"
            degraded = "See its word." if found else ""
            return judged("services", f"{url}: {says}", failed="" if response.ok else "See its word.", warning=degraded)
    except (aiohttp.ClientError, TimeoutError, ValueError, LookupError, AttributeError, TypeError) as error:
        do = "Start them, or mend BUGALOU_URL."
        return Finding("services", "failed", f"{url} does not answer ({type(error).__name__})", do)


async def examine_mail(server: Server) -> Finding:
    """Return whether the mail server lets us in, as the notifier would come: with its TLS and its password."""
    address = f"{server.host}:{server.port}"
    connections = SmtpConnections(server, own_name="localhost")
    try:
        async with asyncio.timeout(3 * server.timeout_seconds), connections.connection():
            pass
        await connections.close()
    except (SmtpUnavailable, TimeoutError) as error:
        do = "Mend BUGALOU_SMTP_..., or start it; what is due waits and is tried again."
        return Finding("mail server", "failed", f"{address}: {error or 'it does not answer in time'}", do)
    return Finding("mail server", "ok", f"{address} lets us in")
