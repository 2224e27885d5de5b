"""The commands of docs/guides/identity.md on certificates, in their order."""

import shlex
from pathlib import Path

from tests.support.cli import Clara

GUIDE = Path(__file__).parents[3] / "docs" / "guides" / "identity.md"


def test_the_guide_leads_from_no_authority_to_a_revoked_certificate(tmp_path: Path) -> None:
    lines = [line.split("  #")[0].strip() for line in GUIDE.read_text(encoding="utf-8").splitlines()]
    commands = [line for line in lines if line.startswith("clara admin certs")]
    assert len(commands) == 6
    clara = Clara("http://127.0.0.1:1")
    for command in commands:
        done = clara(*shlex.split(command)[1:], "--folder", str(tmp_path / "certs"))
        assert done.exit_code == 0, done.output
    assert "revoked" in clara("admin", "certs", "list", "--folder", str(tmp_path / "certs")).stdout
