"""Running a script of several statements inside the migration's transaction."""

from alembic import op


def execute(sql: str) -> None:
    """Run plain SQL with any number of statements, which prepared statements (all that SQLAlchemy uses) cannot."""
    connection = op.get_bind().connection.dbapi_connection
    if connection is None:
        raise RuntimeError("the migration's connection is closed")
    connection.run_async(lambda driver: driver.execute(sql))
