"""The quick start: documents -> dataset -> adapter on this machine alone, with what the repository holds."""
