"""What is measured, a module each: `TITLE`, and `run`, which returns rows."""

from collections.abc import Callable

Say = Callable[[str], None]
"""Tells what is being measured now."""
