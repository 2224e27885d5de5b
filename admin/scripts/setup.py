"""Make the virtual environment and install everything: `python -m admin.scripts.setup [FOLDER]`.

Runs on the system's Python with nothing but the standard library, on Linux and on Windows.
"""

import argparse
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
MINIMUM = (3, 11)
LOCKS = ("base", "prod", "test", "dev", "bench", "llamafactory")
# trainers that ours are compared with: complete locks, in which what nobody needs is left out on purpose
_OTHERS = ("bench", "llamafactory")


def main(argv: list[str] | None = None) -> int:
    """Create or refresh the environment; exit code 2 if this Python is too old."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", nargs="?", type=Path, default=ROOT / ".venv", help="default: .venv")
    parser.add_argument("--lock", default="dev", choices=LOCKS, help="which lock to install")
    options = parser.parse_args(argv)
    if sys.version_info < MINIMUM:
        found = ".".join(map(str, sys.version_info[:3]))
        print(f"CLARA needs Python {MINIMUM[0]}.{MINIMUM[1]} or newer; this is {found}.", file=sys.stderr)
        return 2
    folder: Path = options.folder
    lock = ROOT / "requirements" / f"{options.lock}.txt"
    if _is_current(folder, lock):
        return 0
    if not interpreter(folder).exists():
        print(f"Making {folder} …", flush=True)
        venv.create(folder, with_pip=True)
    print(f"Installing {lock.relative_to(ROOT)} (about 2 GB, some minutes the first time) …", flush=True)
    # torch first: the other packages then find it installed instead of choosing a build of their own
    torch = [
        line.split(" ")[0].strip() for line in lock.read_text(encoding="utf-8").splitlines() if line[:7] == "torch=="
    ]
    project = ["--no-deps", "--no-build-isolation", "-e", str(ROOT)]
    steps = [["--no-deps", "-r", str(lock)]] if options.lock in _OTHERS else [["-r", str(lock)], project]
    for arguments in ([*torch], *steps):
        if arguments and (code := _pip(folder, arguments)):
            return code
    (folder / ".installed").touch()
    return 0


def interpreter(folder: Path) -> Path:
    """The Python of an environment on this operating system."""
    return folder / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")


def _is_current(folder: Path, lock: Path) -> bool:
    stamp = folder / ".installed"
    wanted = max(lock.stat().st_mtime, (ROOT / "pyproject.toml").stat().st_mtime)
    return interpreter(folder).exists() and stamp.exists() and stamp.stat().st_mtime >= wanted


def _pip(folder: Path, arguments: list[str]) -> int:
    command = [str(interpreter(folder)), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *arguments]
    return subprocess.run(command, check=False, cwd=ROOT).returncode


if __name__ == "__main__":
    sys.exit(main())
