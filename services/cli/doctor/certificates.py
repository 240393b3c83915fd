"""Until when the certificates are valid that servers show; asked without trusting them, which the services do."""

import asyncio
import smtplib
import socket
import ssl
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Final

from cryptography import x509

from services.cli.doctor.finding import Finding, judged

_SECONDS: Final = 5.0
_SOON: Final = timedelta(days=21)
_SSL_REQUEST: Final = (8).to_bytes(4) + (80_877_103).to_bytes(4)
"""PostgreSQL's own way to begin TLS (Frontend/Backend Protocol, SSLRequest)."""

Fetch = Callable[[str, int], bytes]


async def examine_certificate(what: str, fetch: Fetch, host: str, port: int, now: datetime) -> Finding:
    """Return until when the certificate of a server is valid."""
    check = f"certificate of {what}"
    try:
        encoded = await asyncio.to_thread(fetch, host, port)
        until = x509.load_der_x509_certificate(encoded).not_valid_after_utc
    except (OSError, ValueError, smtplib.SMTPException) as error:
        return Finding(check, "failed", f"none was shown ({type(error).__name__})", "Does the server speak TLS?")
    return judged(
        check,
        f"valid until {until:%Y-%m-%d %H:%M} UTC",
        failed="Renew it: clients refuse it." if until <= now else "",
        warning="Renew it." if until - now <= _SOON else "",
    )


def shown_at_once(host: str, port: int) -> bytes:
    """Return the certificate of a server that speaks TLS from the first byte (amqps, smtps)."""
    with socket.create_connection((host, port), timeout=_SECONDS) as plain:
        return _shown_on(plain, host)


def shown_by_postgres(host: str, port: int) -> bytes:
    """Return the certificate of a PostgreSQL server."""
    with socket.create_connection((host, port), timeout=_SECONDS) as plain:
        plain.sendall(_SSL_REQUEST)
        if plain.recv(1) != b"S":
            raise OSError("the server does not speak TLS")
        return _shown_on(plain, host)


def shown_after_starttls(host: str, port: int) -> bytes:
    """Return the certificate of a mail server."""
    with smtplib.SMTP(host, port, timeout=_SECONDS) as mail:
        mail.starttls(context=_trusting())
        return _certificate(mail.sock)


def today() -> datetime:
    """Return the time by which certificates are judged."""
    return datetime.now(UTC)


def _shown_on(plain: socket.socket, host: str) -> bytes:
    with _trusting().wrap_socket(plain, server_hostname=host) as secured:
        return _certificate(secured)


def _certificate(connection: object) -> bytes:
    encoded = connection.getpeercert(binary_form=True) if isinstance(connection, ssl.SSLSocket) else None
    if not encoded:
        raise OSError("the server shows no certificate")
    return encoded


def _trusting() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context
