"""Run by Alembic; the caller has opened the transaction and holds the lock."""

from alembic import context

context.configure(connection=context.config.attributes["connection"])
with context.begin_transaction():
    context.run_migrations()
