"""Run by Alembic: the connection comes from monitor.storage.migrate, which owns the transaction."""

from alembic import context

from monitor.storage.schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    # SQLite cannot alter a column in place; Alembic then copies the table.
    render_as_batch=True,
)
context.run_migrations()
