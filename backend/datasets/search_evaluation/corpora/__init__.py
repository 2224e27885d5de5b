"""Where the documents of an evaluation come from."""
