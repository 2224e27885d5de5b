"""Run `clara` inside the test process against an address, as a user types it."""

import json
from dataclasses import dataclass
from typing import Any

from typer.testing import CliRunner, Result

from frontend.cli.main import app


@dataclass(frozen=True)
class Clara:
    """The command line with both services at one address."""

    url: str

    def __call__(self, *arguments: str, env: dict[str, str] | None = None) -> Result:
        """Run one command; German and tokens only where `env` says so."""
        fixed = {
            "CLARA_TRAINING_URL": self.url,
            "CLARA_DATASET_URL": self.url,
            "CLARA_TOKEN": "",
            # no login of whoever runs the tests
            "XDG_CONFIG_HOME": "/nowhere",
            "APPDATA": "/nowhere",
            "COLUMNS": "200",
        }
        return CliRunner().invoke(app, list(arguments), env=fixed | (env or {}))

    def json(self, *arguments: str, exit_code: int = 0) -> Any:
        """The one JSON document that the command answers."""
        result = self(*arguments, "--json")
        assert result.exit_code == exit_code, result.output
        return json.loads(result.stdout)

    def json_lines(self, *arguments: str, exit_code: int = 0) -> list[Any]:
        """The JSON lines that the command streams."""
        result = self(*arguments, "--json")
        assert result.exit_code == exit_code, result.output
        return [json.loads(line) for line in result.stdout.splitlines()]
