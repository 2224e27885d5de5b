"""Exports of a finished dataset, one file format per file."""
