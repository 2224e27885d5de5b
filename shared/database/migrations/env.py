"""What Alembic runs: migrations on the connection (and in the transaction) that `shared.database.migrate` hands in."""

from alembic import context

from shared.database.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    transactional_ddl=True,  # also on SQLite, whose driver we keep from committing by itself
    render_as_batch=True,
)
context.run_migrations()
