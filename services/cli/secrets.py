"""`bugalou secrets`: the keys under which secrets are stored."""

import cyclopts

from services.cli.operate import carry_out, opened, setting
from services.cli.sealed_columns import SealedColumns
from shared.errors import Misconfigured
from shared.secrets import Secrets, generate_key, is_key, split_keys

app = cyclopts.App(name="secrets", help="Keys of secrets at rest: the setting BUGALOU_SECRET_KEYS.")


@app.command
def generate() -> None:
    """Print a new key for BUGALOU_SECRET_KEYS.

    To replace a key: add the new one behind the old one and restart the services, so that all can open with both; put
    it first and restart them again; then `bugalou secrets rotate`; then take the old one away.
    """
    print(generate_key())


@app.command
def rotate() -> None:
    """Seal every stored secret anew under the first of BUGALOU_SECRET_KEYS; services may go on meanwhile."""

    async def work() -> tuple[int, int]:
        keys = split_keys(setting("SECRET_KEYS"))
        if not all(map(is_key, keys)):
            raise Misconfigured("BUGALOU_SECRET_KEYS must be keys that `bugalou secrets generate` made")
        found = changed = 0
        async with opened() as database:
            columns = SealedColumns(database, Secrets(keys))
            for column in await columns.columns():
                async for seen, sealed in columns.rotate(column):
                    found += seen
                    changed += sealed
        return found, changed

    found, changed = carry_out(work)
    print(f"{found} secrets, {changed} sealed anew under the first key")
