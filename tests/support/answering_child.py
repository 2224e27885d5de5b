"""A child process of the command line whose answers are given."""

from typing import Any


class Child:
    """Stands for the child process: keeps its arguments and answers with `result`."""

    def __init__(self) -> None:
        self.result: dict[str, Any] | Exception = {}
        self.arguments: tuple[str, ...] = ()

    def __call__(self, session: object, arguments: list[str]) -> dict[str, Any]:
        self.arguments = tuple(arguments)
        if isinstance(self.result, Exception):
            raise self.result
        return self.result
