"""The items of a batch, each as the bytes of one order: from a JSON array, or from NDJSON as its lines arrive."""

import json
from collections.abc import AsyncIterator
from itertools import islice
from typing import Any, Final

import msgspec
from msgspec import Raw

from shared.errors import UNREADABLE, InvalidInput, MalformedJson

MOST_ITEMS: Final = 10_000
"""How many orders a batch may hold."""
_MOST_COMMAS: Final = 1_000_000
"""With more of them a body is cut element by element: all that one may have, at once, would take a gigabyte."""

_array: Final = msgspec.json.Decoder(list[Raw])
_scanner: Final = json.JSONDecoder(parse_int=str, parse_float=str)
_WHITE: Final = " \t\r\n"
_LONGEST_IDENTIFIER: Final = 128


async def read_lines(chunks: AsyncIterator[bytes]) -> AsyncIterator[list[bytes]]:
    """Yield the lines of an NDJSON body that hold anything, those that end in one chunk together."""
    line = bytearray()  # grows in place: a long line in many small chunks is copied once
    async for chunk in chunks:
        end, *others = chunk.split(b"\n")
        line += end
        if others:
            yield [whole for whole in (bytes(line), *others[:-1]) if whole.strip()]
            line = bytearray(others[-1])
    if line.strip():
        yield [bytes(line)]


def split_array(body: bytes) -> list[bytes]:
    """Return the elements of a JSON array; what is wrong inside one of them is for its own verdict.

    Of more elements than a batch may hold, one more than that is returned.
    """
    if body.count(b",") > _MOST_COMMAS:
        return _scan_array(body)
    try:
        return [bytes(raw) for raw in islice(_array.decode(body), MOST_ITEMS + 1)]
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
            if len(items) > MOST_ITEMS:
                return items
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
    except UNREADABLE:
        return None, None
    return _short(found.platform), _short(found.order_number)


def _short(value: Any) -> str | None:
    return value if isinstance(value, str) and len(value) <= _LONGEST_IDENTIFIER else None


def _skip(text: str, position: int) -> int:
    while position < len(text) and text[position] in _WHITE:
        position += 1
    return position
