"""One signal family per file; a new filter is one new file here with one subclass of `BaseFilter`."""
