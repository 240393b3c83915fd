"""The members of a JSON object in a request: read by name, and everything that is wrong with them reported at once."""

import difflib
import re
from collections.abc import Callable, Mapping
from typing import Any, Final, Self, TypeVar

import msgspec
from msgspec import Raw

from shared.errors import Fault, InvalidInput, MalformedJson
from shared.orders.normalise import pointer_token
from shared.orders.wellformed import check_well_formed, surrogate_faults

T = TypeVar("T")
_NOTHING: Final = (b"", b"null", b'""')
_MOST_REPORTED: Final = 50
_WHOLE: Final = re.compile(rb"(?<![0-9.eE+])(-?[0-9]{1,18})\.0+(?![0-9eE])")


class Members:
    """Reads members one by one; null and "" are the same as absent. `finish` raises 422 if any was wrong or unknown."""

    def __init__(self, members: Mapping[str, Raw], faults: list[Fault], pointer: str = "") -> None:
        self._members = members
        self._faults = faults
        self._pointer = pointer
        self._known: list[str] = []

    @classmethod
    def of_body(cls, body: bytes) -> Self:
        """Return the members of a body, which must be a JSON object."""
        document = check_well_formed(body)
        try:
            return cls(msgspec.json.decode(body, type=dict[str, Raw]), [])
        except msgspec.ValidationError:
            raise InvalidInput("The body must be a JSON object") from None
        except msgspec.DecodeError as error:
            faults = surrogate_faults(body, document)
            if faults:
                raise InvalidInput("The body holds text that is no valid Unicode", tuple(faults)) from error
            raise MalformedJson("The body is not valid JSON") from error
        except RecursionError:
            raise MalformedJson("The body is nested too deep") from None

    def read(
        self, name: str, wanted: type[T] | Any, expected: str, fault_of: Callable[[T], str | None] | None = None
    ) -> T | None:
        """Read one member; `expected` says what it must be, `fault_of` what is wrong with one of the right type."""
        self._known.append(name)
        raw = self._members.get(name, Raw(b""))
        if bytes(raw) in _NOTHING:
            return None
        # A number without a fraction is a whole one however it is written: 5.0 too (JSON Schema's integer).
        written = bytes(raw) if b'"' in bytes(raw) else _WHOLE.sub(rb"\1", bytes(raw))
        try:
            value: T = msgspec.json.decode(written, type=wanted)
        except (msgspec.MsgspecError, RecursionError):
            self.refuse(name, f"must be {expected}")
            return None
        fault = None if fault_of is None else fault_of(value)
        if fault is not None:
            self.refuse(name, fault)
            return None
        return value

    def require(
        self, name: str, wanted: type[T] | Any, expected: str, fault_of: Callable[[T], str | None] | None = None
    ) -> T | None:
        """Read one member that must be there; None where it is wrong or missing, which is noted."""
        if bytes(self._members.get(name, Raw(b""))) in _NOTHING:
            self._known.append(name)
            self.refuse(name, f"is required: {expected}")
            return None
        return self.read(name, wanted, expected, fault_of)

    def inner(self, name: str, expected: str) -> "Members | None":
        """Read a member that is an object; its faults are reported with the others."""
        found = self.read(name, dict[str, Raw], expected)
        return None if found is None else Members(found, self._faults, f"{self._pointer}/{name}")

    def refuse(self, name: str, message: str) -> None:
        """Note that a member is wrong."""
        self._faults.append(Fault(f"{self._pointer}/{name}", message))

    def close(self) -> None:
        """Note the members that nobody asked for, each with the nearest name that there is."""
        for name in [name for name in self._members if name not in self._known][:_MOST_REPORTED]:
            nearest = difflib.get_close_matches(name[:64], self._known, n=1)
            hint = f": did you mean {nearest[0]}?" if nearest else ""
            self.refuse(pointer_token(name), f"is no known field{hint}")

    def finish(self) -> None:
        """Raise 422 naming every member that is wrong, if any is."""
        self.close()
        if self._faults:
            count = "1 field is" if len(self._faults) == 1 else f"{len(self._faults)} fields are"
            raise InvalidInput(f"The body cannot be taken: {count} wrong", tuple(self._faults[:_MOST_REPORTED]))
