"""`clara admin …`: the group of what only an administrator does."""

import typer

admin = typer.Typer(no_args_is_help=True, help="Administration: keys and certificates.")


def register(app: typer.Typer) -> None:
    """Add the group."""
    app.add_typer(admin, name="admin")
