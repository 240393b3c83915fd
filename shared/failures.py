"""Failures, as far as the workers that set them aside and the console that shows them need to agree on them."""

from typing import Final

CHANNEL: Final = "failures"
"""The NOTIFY channel that tells workers that a replay is asked for."""

ERASED: Final = "erased with the person"
"""The reason of one from which a person was erased, whom the true one may quote."""
