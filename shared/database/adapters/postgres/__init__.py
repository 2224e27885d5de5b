"""PostgreSQL as a search store, and tables of others in PostgreSQL that are only read.

The store keeps everything in a schema of its own beside whatever else the database holds. It ranks by BM25 over
postings that PostgreSQL makes from its own `tsvector`s: measured, that is better than `ts_rank` and several times as
fast (`ranking.py`).
"""

from shared.database.adapters.postgres.errors import PostgresFailed
from shared.database.adapters.postgres.foreign import ForeignPostgresSource
from shared.database.adapters.postgres.store import PostgresSearchStore

__all__ = ["ForeignPostgresSource", "PostgresFailed", "PostgresSearchStore"]
