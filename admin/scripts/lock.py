"""Resolve the locks in requirements/ from pyproject.toml: `python -m admin.scripts.lock`.

    base.txt  the services without a trainer        prod.txt  services and trainer
    test.txt  prod, MLflow's client, test tools     dev.txt   test and what `make check` needs

The packages of each lock are exactly those of the wider ones, so that what was tested is what runs.
"""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LOCKS: dict[str, Sequence[str]] = {
    "dev": ("api", "trainer", "mlflow", "test", "dev"),
    "test": ("api", "trainer", "mlflow", "test"),
    "prod": ("api", "trainer"),
    "base": ("api",),
}


def main() -> int:
    """Write the four locks, the widest first and as a constraint of the others."""
    for name, extras in LOCKS.items():
        target = ROOT / "requirements" / f"{name}.txt"
        command = [
            sys.executable,
            "-m",
            "piptools",
            "compile",
            "--quiet",
            "--strip-extras",
            "--no-header",
            "--allow-unsafe",
        ]
        command += ["--no-emit-index-url", "--no-emit-find-links", "--no-emit-trusted-host", "--no-emit-options"]
        command += [f"--extra={extra}" for extra in extras]
        if name != "dev":
            command += ["--constraint", str(ROOT / "requirements" / "dev.txt"), "--no-annotate"]
        command += ["--output-file", str(target), str(ROOT / "pyproject.toml")]
        code = subprocess.run(command, check=False, cwd=ROOT).returncode
        if code:
            return code
        _finish(target, extras)
    return 0


def _finish(target: Path, extras: Sequence[str]) -> None:
    lines = [line for line in target.read_text(encoding="utf-8").splitlines() if not line.lstrip().startswith("# ")]
    # a local build of torch (+cpu) satisfies the same pin on every machine
    pins = [line.split("+")[0] if line.startswith("torch==") else line for line in lines if line.strip()]
    head = f"# Lock of extras {', '.join(extras)}; made by `make lock` from pyproject.toml.\n"
    target.write_text(head + "\n".join(pins) + "\n", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
