"""One recogniser per file; the scanner finds them here, and a new one needs no list."""
