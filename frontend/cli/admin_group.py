"""The group `clara admin`."""

import typer

admin = typer.Typer(name="admin", no_args_is_help=True, help="Administration: keys and certificates.")
