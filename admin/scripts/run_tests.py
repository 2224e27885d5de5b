"""Run every test that belongs to a change: `python -m admin.scripts.run_tests`.

A part waits for servers and processes as often as it computes, so two run side by side, the long ones first, and what a
part says is shown when it is done. What measures time comes after them, alone.
"""

import subprocess
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).parents[2]
ALONE = ("test_trust.py", "test_quick_start.py")
_DOCS = "test_commands_in_the_docs.py"
_LANES = 2


def main() -> int:
    """The exit code of the first part that failed, or 0."""
    with ThreadPoolExecutor(_LANES) as lanes:
        codes = list(lanes.map(_told_at_its_end, side_by_side()))
    codes.append(subprocess.run(_pytest([f"tests/e2e/{name}" for name in ALONE]), cwd=ROOT, check=False).returncode)
    return next((code for code in codes if code), 0)


def side_by_side() -> list[list[str]]:
    """Arguments of pytest for each part; together with those of `ALONE` they name every test once."""
    journeys = sorted(path.name for path in (ROOT / "tests" / "e2e").glob("test_*.py"))
    parts = [[f"tests/e2e/{name}" for name in journeys if name not in (*ALONE, _DOCS)]]
    parts += [["tests/integration/backend"], ["tests/unit/backend"], [f"tests/e2e/{_DOCS}"]]
    for kind in ("integration", "unit"):
        folders = sorted(path for path in (ROOT / "tests" / kind).iterdir() if not path.name.startswith(("__", ".")))
        parts.append([f"tests/{kind}/{path.name}" for path in folders if path.name != "backend" and _has_tests(path)])
    return parts


def _has_tests(path: Path) -> bool:
    return path.name.startswith("test_") if path.is_file() else any(path.rglob("test_*.py"))


def _told_at_its_end(arguments: Sequence[str]) -> int:
    with tempfile.TemporaryFile() as output:
        code = subprocess.run(_pytest(arguments), cwd=ROOT, stdout=output, stderr=subprocess.STDOUT, check=False)
        output.seek(0)
        # one write, so that parts that end together do not mix
        sys.stdout.write(f"{' '.join(arguments)}\n{output.read().decode('utf-8', 'replace')}")
        sys.stdout.flush()
    return code.returncode


def _pytest(arguments: Sequence[str]) -> list[str]:
    return [sys.executable, "-m", "pytest", *arguments]


if __name__ == "__main__":
    sys.exit(main())
