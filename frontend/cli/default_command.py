"""A group of commands of which one need not be named: `clara search TEXT` is `clara search query TEXT`."""

from typing import Any, ClassVar

from typer.core import TyperGroup


class WithDefaultCommand(TyperGroup):
    """A group whose `default` is meant where the line names none of its commands.

    A text that is also the name of a command must be written out: `clara search query evaluate`.
    """

    default: ClassVar[str]

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Put the default in front, unless a command or the group's own help is asked for."""
        if args and args[0] not in self.commands and args[0] not in ctx.help_option_names:
            args = [self.default, *args]
        return super().parse_args(ctx, args)
