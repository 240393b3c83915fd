"""Whether a body is JSON at all: UTF-8, no member twice, not nested beyond reason.

Parsers silently take the last of two equal members; which one a sender meant nobody can know, so such a body is
refused. The standard library's scanner (C) shows every object's pairs, at about 4 us for a usual order.
"""

import json
from typing import Any, Final

from shared.errors import Fault, MalformedJson


class _DuplicateMember(Exception):
    """An object holds the same name twice."""


def _refuse_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise _DuplicateMember
    return members


def _refuse_constant(_name: str) -> None:
    raise MalformedJson("The body is not valid JSON: NaN and Infinity are no JSON numbers")


_decoder: Final = json.JSONDecoder(
    object_pairs_hook=_refuse_duplicates, parse_int=str.encode, parse_float=str.encode, parse_constant=_refuse_constant
)
"""Numbers stay as they are written, since converting one of a hundred thousand digits would take seconds; they are
bytes, so that none is taken for a string."""


def check_well_formed(body: bytes) -> Any:
    """Return the parsed body (numbers as bytes), or raise `MalformedJson` saying what is wrong, without echoing it."""
    try:
        return _decoder.decode(body.decode())
    except UnicodeDecodeError as error:
        raise MalformedJson(f"The body is not valid UTF-8 (byte {error.start})") from error
    except _DuplicateMember:
        raise MalformedJson("The body holds an object with the same member twice: send each member once") from None
    except json.JSONDecodeError as error:
        raise MalformedJson(f"The body is not valid JSON (line {error.lineno}, column {error.colno})") from error
    except RecursionError:
        raise MalformedJson("The body is nested too deep") from None


def surrogate_faults(body: bytes, document: Any) -> list[Fault]:
    """Return a fault for each string of a parsed body with a lone surrogate: JSON has an escape, Unicode nothing."""
    faults: list[Fault] = []
    if b"\\ud" in body or b"\\uD" in body:
        try:
            _find_surrogates(document, "", faults)
        except RecursionError:
            raise MalformedJson("The body is nested too deep") from None
    return faults


def _find_surrogates(value: Any, pointer: str, faults: list[Fault]) -> None:
    if isinstance(value, str):
        if not _is_unicode(value):
            faults.append(Fault(pointer, "must be valid Unicode: it holds half of a surrogate pair"))
    elif isinstance(value, list):
        for index, element in enumerate(value):
            _find_surrogates(element, f"{pointer}/{index}", faults)
    elif isinstance(value, dict):
        for name, member in value.items():
            if _is_unicode(name):
                _find_surrogates(member, f"{pointer}/{name[:64].replace('~', '~0').replace('/', '~1')}", faults)
            else:
                faults.append(Fault(pointer, "holds a member whose name is no valid Unicode"))


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
