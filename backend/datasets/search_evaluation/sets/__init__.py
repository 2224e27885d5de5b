"""Judged queries that are made from a corpus of laws; a new set is one new file with one `BuiltInSet`."""
