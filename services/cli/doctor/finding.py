"""What a check found, in words, and what to do about it."""

from typing import Literal

from msgspec import Struct

State = Literal["ok", "warning", "failed", "unknown"]


class Finding(Struct, frozen=True, omit_defaults=True):
    """One check: `failed` loses data or serves nobody, `warning` will unless somebody acts, `unknown` needs access.

    `do` says what to do, and is empty where nothing is to be done.
    """

    check: str
    state: State
    says: str
    do: str = ""


def judged(check: str, says: str, *, failed: str = "", warning: str = "") -> Finding:
    """Return a finding: as bad as the worst of what is to be done about it, ok where that is nothing."""
    state: State = "failed" if failed else "warning" if warning else "ok"
    return Finding(check, state, says, failed or warning)
