"""`bugalou openapi`, `bugalou asyncapi`: the descriptions that the console serves."""

from pathlib import Path
from typing import Any, Final

import msgspec

from services.cli.documents.asyncapi import asyncapi as describe_events
from services.cli.documents.openapi import openapi as describe_api

SERVED: Final = {"openapi.json": describe_api, "asyncapi.json": describe_events}
"""Every file that the console serves, and what makes it."""


def openapi(*, output: Path | None = None) -> None:
    """Print the description of the HTTP API (OpenAPI 3.1).

    Parameters
    ----------
    output
        Write it to this file instead.
    """
    _give(describe_api(), output)


def asyncapi(*, output: Path | None = None) -> None:
    """Print the description of the events (AsyncAPI 3.0).

    Parameters
    ----------
    output
        Write it to this file instead.
    """
    _give(describe_events(), output)


def written(document: dict[str, Any]) -> bytes:
    """Return a document as its file holds it: indented, so that a change can be read."""
    return msgspec.json.format(msgspec.json.encode(document), indent=1) + b"\n"


def _give(document: dict[str, Any], output: Path | None) -> None:
    text = written(document)
    if output is None:
        print(text.decode(), end="")
    else:
        output.write_bytes(text)
