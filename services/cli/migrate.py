"""`bugalou migrate`: brings the database's schema to what this version needs."""

from services.cli.operate import carry_out, database_url
from shared.database import translate
from shared.schema import HEAD


def migrate() -> None:
    """Bring the database at BUGALOU_DATABASE_URL to this version's schema; safe to repeat, also on several hosts."""
    # Here, because alembic and SQLAlchemy take half a second to load and no other command needs them.
    from shared.migrations import migrate as bring_to_head

    async def work() -> None:
        try:
            await bring_to_head(database_url())
        except Exception as error:  # of any driver: translate tells whose it is, and returns the rest as it is
            raise translate(error) from error

    carry_out(work)
    print(f"the schema is at {HEAD}")
