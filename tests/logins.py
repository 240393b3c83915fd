"""Logins of Postgres that are members of some roles and of nothing else, as an operator makes one for each service."""

import secrets
from urllib.parse import quote, urlsplit

from tests.isolation import execute


async def make_login(owner_url: str, *roles: str) -> tuple[str, str]:
    """Make a login; return its name, and the database's address under it."""
    name, password = f"{roles[0]}_{secrets.token_hex(4)}", secrets.token_hex(8)
    await execute(owner_url, f"CREATE ROLE {name} LOGIN PASSWORD '{password}' IN ROLE {', '.join(roles)}")
    parts = urlsplit(owner_url)
    place = parts.netloc.rpartition("@")[2]
    return name, parts._replace(netloc=f"{quote(name)}:{password}@{place}").geturl()
