"""Readers of data files, one kind per file; `../rows.py` chooses among them by the name of the file."""
