"""`python -m frontend.cli` is `clara`."""

from frontend.cli.main import main

main()
