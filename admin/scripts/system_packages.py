"""Install the system packages that the tests need, where we may: `python -m admin.scripts.system_packages`.

On Debian and Ubuntu as root, PostgreSQL, Node.js and strace are installed if their programs are missing; elsewhere the
missing package is named and the tests that need it say so again.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

POSTGRES_BINARIES = Path("/usr/lib/postgresql")


@dataclass(frozen=True, slots=True)
class SystemPackage:
    """Something that the tests need from the system.

    Args:
        name: As people call it.
        packages: As Debian calls it.
        is_there: Whether its programs are installed.
    """

    name: str
    packages: Sequence[str]
    is_there: bool


def needed() -> list[SystemPackage]:
    """Everything that the tests need, and whether it is there."""
    has_postgres = any(POSTGRES_BINARIES.glob("*/bin/initdb")) or shutil.which("initdb") is not None
    has_node = shutil.which("node") is not None and shutil.which("npm") is not None
    return [
        SystemPackage("PostgreSQL", ["postgresql"], has_postgres),
        SystemPackage("Node.js", ["nodejs", "npm"], has_node),
        # what shows that nothing is called outside exists on Linux only
        SystemPackage("strace", ["strace"], sys.platform != "linux" or shutil.which("strace") is not None),
    ]


def main() -> int:
    """Exit code 0 also when something is missing: only the tests that need it are affected."""
    missing = [each for each in needed() if not each.is_there]
    if not missing:
        return 0
    apt = shutil.which("apt-get")
    if apt is None or os.name != "posix" or os.geteuid() != 0:
        for each in missing:
            packages = " ".join(each.packages)
            print(f"{each.name} is not installed; its tests will be skipped. Debian: apt-get install {packages}")
        return 0
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    print(f"Installing {' and '.join(each.name for each in missing)} for the tests …", flush=True)
    orders = [["update", "-q"]]
    orders += [["install", "-y", "-q", "--no-install-recommends", *each.packages] for each in missing]
    for arguments in orders:
        subprocess.run([apt, *arguments], check=False, env=environment, stdout=subprocess.DEVNULL)
    return 0


if __name__ == "__main__":
    sys.exit(main())
