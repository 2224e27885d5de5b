"""The stores on SQL: one code for SQLite and PostgreSQL."""
