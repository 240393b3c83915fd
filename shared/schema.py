"""The schema revision that this version needs."""

from typing import Final

HEAD: Final = "0015"
"""Services refuse to start on an older schema; a newer one is fine, since migrations only add."""
