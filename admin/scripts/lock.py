"""Resolve the locks in requirements/ from pyproject.toml: `python -m admin.scripts.lock`.

    base.txt  the services without a trainer        prod.txt  services, all databases, trainer
    test.txt  prod, MLflow's client, test tools     dev.txt   test and what `make check` needs
    bench.txt, llamafactory.txt                     trainers that ours are compared with, in environments of their own

The packages of each lock are exactly those of the wider ones, so that what was tested is what runs. LLaMA-Factory asks
for older versions of our own libraries, so its lock stands alone.
"""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LOCKS: dict[str, Sequence[str]] = {
    "dev": ("api", "chroma", "neo4j", "trainer", "mlflow", "test", "dev"),
    "test": ("api", "chroma", "neo4j", "trainer", "mlflow", "test"),
    "prod": ("api", "chroma", "neo4j", "trainer"),
    "base": ("api", "neo4j"),
    "bench": ("trainer", "bench"),
}
FOLDER = ROOT / "requirements"
# it asks for them because of images and sound; PyPI has no build of them for CPUs, and texts need neither
_NOT_FOR_TEXTS = ("torchvision==", "torchaudio==", "torchcodec==")


def main() -> int:
    """Write the locks, the widest first and as a constraint of the others."""
    for name, extras in LOCKS.items():
        constraint = [] if name == "dev" else ["--constraint", str(FOLDER / "dev.txt"), "--no-annotate"]
        asked = [*(f"--extra={extra}" for extra in extras), *constraint, str(ROOT / "pyproject.toml")]
        head = f"extras {', '.join(extras)}; made by `make lock` from pyproject.toml"
        if code := _compile(FOLDER / f"{name}.txt", asked, head):
            return code
    source = FOLDER / "llamafactory.in"
    head = f"LLaMA-Factory; made by `make lock` from {source.name}"
    return _compile(source.with_suffix(".txt"), ["--no-annotate", str(source)], head)


def _compile(target: Path, asked: Sequence[str], head: str) -> int:
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
    code = subprocess.run([*command, "--output-file", str(target), *asked], check=False, cwd=ROOT).returncode
    if code == 0:
        _finish(target, head)
    return code


def _finish(target: Path, head: str) -> None:
    lines = [line for line in target.read_text(encoding="utf-8").splitlines() if not line.lstrip().startswith("# ")]
    # a local build of torch (+cpu) satisfies the same pin on every machine
    pins = [line.split("+")[0] if line.startswith("torch==") else line for line in lines if line.strip()]
    wanted = [line for line in pins if not line.startswith(_NOT_FOR_TEXTS)]
    target.write_text(f"# Lock of {head}.\n" + "\n".join(wanted) + "\n", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
