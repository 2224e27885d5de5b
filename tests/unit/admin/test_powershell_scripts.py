"""The Windows scripts parse; they are not run here, since no PowerShell is installed on the test machines."""

from pathlib import Path

import pytest
import tree_sitter
import tree_sitter_powershell

SCRIPTS = sorted((Path(__file__).resolve().parents[3] / "admin" / "deployment").glob("*.ps1"))


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_a_powershell_script_parses(script: Path) -> None:
    parser = tree_sitter.Parser(tree_sitter.Language(tree_sitter_powershell.language()))
    assert not parser.parse(script.read_bytes()).root_node.has_error


def test_setup_quickstart_and_test_have_a_twin() -> None:
    assert {"setup.ps1", "quickstart.ps1", "test.ps1"} <= {script.name for script in SCRIPTS}


def test_the_parser_notices_a_broken_script() -> None:
    parser = tree_sitter.Parser(tree_sitter.Language(tree_sitter_powershell.language()))
    assert parser.parse(b"if ($x { 'unclosed'").root_node.has_error
