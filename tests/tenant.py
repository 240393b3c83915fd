"""An account as the tests know it."""

from uuid import UUID

from msgspec import Struct

from services.console.accounts import NewKey


class Tenant(Struct, frozen=True):
    """An account with its two first keys, which have all scopes."""

    id: UUID
    live: NewKey
    test: NewKey
