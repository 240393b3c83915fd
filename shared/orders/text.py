"""Which characters a string may hold: valid Unicode that a database, a log, a mail and a page can all carry."""

import re
from typing import Final

_FORBIDDEN: Final = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
"""C0, DEL, C1, the line and paragraph separators, and lone surrogates."""

_FORMAT: Final = re.compile(
    "[\xad\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f"
    "\ufeff\ufff9-\ufffb\U000110bd\U000110cd\U00013430-\U0001343f\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"
    "\U000e0001\U000e0020-\U000e007f]"
)
"""Unicode's category Cf: invisible, so two identifiers that look the same could differ by one."""


def text_fault(value: str) -> str | None:
    """Return what is wrong with the characters of a string, or None."""
    if value.isprintable():  # nothing that is forbidden is
        return None
    found = _FORBIDDEN.search(value)
    if found is None:
        return None
    return (
        f"must not hold control characters or lone surrogates (U+{ord(found[0]):04X} at character {found.start() + 1})"
    )


def identifier_fault(value: str) -> str | None:
    """Return what is wrong with an identifier, which besides has no invisible characters and no space at its ends."""
    if value.isprintable() and value == value.strip():
        return None
    if value != value.strip():
        return "must not begin or end with white space"
    found = _FORMAT.search(value)
    if found is not None:
        return f"must not hold invisible format characters (U+{ord(found[0]):04X} at character {found.start() + 1})"
    return text_fault(value)
