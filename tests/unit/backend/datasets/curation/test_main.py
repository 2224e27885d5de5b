"""What the process that the command line starts says of profiles."""

import json
from pathlib import Path

import pytest

from backend.datasets.curation.__main__ import main

OURS = """
name: our-permits
version: 1
description: Permits have tables of fees.
extends: legal-de
limits:
  - {signal: SIGNAL, at_most: {soft: 0.2, hard: 0.4}, reason: many_digits}
"""


@pytest.mark.parametrize(("signal", "exit_code"), [("digit_share", 0), ("digit_shar", 2)])
def test_a_profile_is_shown_only_if_it_can_judge(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], signal: str, exit_code: int
) -> None:
    file = tmp_path / "ours.yaml"
    file.write_text(OURS.replace("SIGNAL", signal), encoding="utf-8")
    code = main(["profile", f"--profile={file}"])
    told = json.loads(capfd.readouterr().out.splitlines()[-1])

    assert code == exit_code
    assert ("no filter measures digit_shar;" in json.dumps(told)) == (exit_code == 2)
