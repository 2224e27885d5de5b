"""One writer per file format; Markdown is the format of most documents."""
