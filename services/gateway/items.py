"""The items of a batch, each as the bytes of one order: from a JSON array, or from NDJSON as its lines arrive."""

import json
from collections.abc import AsyncIterator
from typing import Any, Final

import msgspec
from msgspec import Raw

from shared.errors import InvalidInput, MalformedJson

_array: Final = msgspec.json.Decoder(list[Raw])
_scanner: Final = json.JSONDecoder(parse_int=str, parse_float=str)
_WHITE: Final = " \t\r\n"
_LONGEST_IDENTIFIER: Final = 128


async def read_lines(chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Yield the lines of an NDJSON body that hold anything."""
    rest = b""
    async for chunk in chunks:
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            if line.strip():
                yield line
    if rest.strip():
        yield rest


def split_array(body: bytes) -> list[bytes]:
    """Return the elements of a JSON array; what is wrong inside one of them is for its own verdict."""
    try:
        return [bytes(raw) for raw in _array.decode(body)]
    except msgspec.ValidationError:
        raise InvalidInput("A batch is a JSON array of orders, or one order a line (application/x-ndjson)") from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        # One element with a lone surrogate makes msgspec refuse the array: find the elements' bounds more patiently.
        return _scan_array(body)


def _scan_array(body: bytes) -> list[bytes]:
    try:
        text = body.decode()
        items: list[bytes] = []
        position = _skip(text, 0)
        if text[position : position + 1] != "[":
            raise InvalidInput("A batch is a JSON array of orders, or one order a line (application/x-ndjson)")
        position = _skip(text, position + 1)
        while text[position : position + 1] != "]":
            if items:
                if text[position : position + 1] != ",":
                    raise MalformedJson(f"The body is not valid JSON (character {position + 1})")
                position = _skip(text, position + 1)
            _, end = _scanner.raw_decode(text, position)
            items.append(text[position:end].encode())
            position = _skip(text, end)
        if _skip(text, position + 1) != len(text):
            raise MalformedJson(f"The body is not valid JSON (character {position + 2})")
    except UnicodeDecodeError as error:
        raise MalformedJson(f"The body is not valid UTF-8 (byte {error.start})") from error
    except json.JSONDecodeError as error:
        raise MalformedJson(f"The body is not valid JSON (line {error.lineno}, column {error.colno})") from error
    except RecursionError:
        raise MalformedJson("The body is nested too deep") from None
    return items


class _Named(msgspec.Struct, rename="camel"):
    platform: Any = None
    order_number: Any = None


def named(item: bytes) -> tuple[str | None, str | None]:
    """Return platform and number of an order that is otherwise wrong, as far as they can be told."""
    try:
        found = msgspec.json.decode(item, type=_Named)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None, None
    return _short(found.platform), _short(found.order_number)


def _short(value: Any) -> str | None:
    return value if isinstance(value, str) and len(value) <= _LONGEST_IDENTIFIER else None


def _skip(text: str, position: int) -> int:
    while position < len(text) and text[position] in _WHITE:
        position += 1
    return position
