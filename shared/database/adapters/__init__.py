"""Search stores, one technology per file."""
