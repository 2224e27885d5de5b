"""Scripts for those who run and build CLARA; each is thin and runs as `python -m admin.scripts.<name>`."""
