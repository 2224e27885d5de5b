"""`python -m frontend.cli`: the `clara` command where it is not on the path."""

from frontend.cli.main import main

if __name__ == "__main__":
    main()
