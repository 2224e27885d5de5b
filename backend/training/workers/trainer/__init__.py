"""The trainer process: its order, its ranks, what it keeps and what it reports in the end."""
