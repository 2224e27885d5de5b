"""Records that were made before, kept as the very lines that a stream sends."""
