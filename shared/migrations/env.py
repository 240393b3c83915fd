"""How alembic runs the revisions: on the connection that `migrate` gives it, all in one transaction."""

from alembic import context

context.configure(connection=context.config.attributes["connection"])
with context.begin_transaction():
    context.run_migrations()
