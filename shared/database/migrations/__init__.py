"""Alembic's folder: one file per schema change, run by `shared.database.migrate`."""
